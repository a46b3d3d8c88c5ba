-- Which segment a customer was in: entered on a Sunday, left on the Sunday left_on (empty while it lasts).
SELECT
    t.customer_id, t.segment_key, t.previous_segment_key,
    t.day AS entered_on,
    lead(t.day) OVER (PARTITION BY t.customer_id ORDER BY t.day) AS left_on
FROM segment_membership AS t
JOIN pointer AS p
    ON t.published_in <= p.publication_id AND (t.withdrawn_in IS NULL OR t.withdrawn_in > p.publication_id)
