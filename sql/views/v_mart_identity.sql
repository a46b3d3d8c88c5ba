-- Identifiers by day and kind: what changed, and the totals at the end of the day.
SELECT
    t.day, t.id_kind, t.new_identifiers, t.customer_identifiers, t.new_customers, t.merged, t.split, t.refused,
    sum(t.new_identifiers) OVER (PARTITION BY t.id_kind ORDER BY t.day) AS identifiers_total,
    sum(t.customer_identifiers) OVER (PARTITION BY t.id_kind ORDER BY t.day) AS customer_identifiers_total
FROM mart_identity AS t
JOIN pointer AS p
    ON t.published_in <= p.publication_id AND (t.withdrawn_in IS NULL OR t.withdrawn_in > p.publication_id)
