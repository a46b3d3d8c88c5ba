-- Attributes of customers over time: a row holds from valid_from until the day before valid_until.
SELECT
    t.customer_id, t.gender, t.region, t.income_band, t.registered_on,
    t.day AS valid_from,
    lead(t.day) OVER (PARTITION BY t.customer_id ORDER BY t.day) AS valid_until,
    CASE WHEN lead(t.day) OVER (PARTITION BY t.customer_id ORDER BY t.day) IS NULL THEN 1 ELSE 0 END AS is_current
FROM dim_customer AS t
JOIN pointer AS p
    ON t.published_in <= p.publication_id AND (t.withdrawn_in IS NULL OR t.withdrawn_in > p.publication_id)
