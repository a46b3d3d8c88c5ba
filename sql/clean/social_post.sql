-- Accepted posts with what their text says. The category of the product named by the record goes before a mention.
-- Inputs: outcome, said (by day and record: language, characters, sentiment, sentiment_label, mention), product.
WITH product_version AS (
    SELECT product_id, category, day AS known_from, lead(day) OVER (PARTITION BY product_id ORDER BY day) AS known_until
    FROM product
)
SELECT
    o.day, o.record_id AS post_id, 1 AS sign, o.post_type, o.id_kind, o.id, o.event_at, o.event_day, s.language, s.characters,
    o.rating, s.sentiment, s.sentiment_label, o.product_id,
    CASE WHEN o.product_id IS NULL THEN s.mention ELSE coalesce(p.category, s.mention) END AS category,
    o.version, o.source, o.content_hash, o.record_id, o.replaced_day
FROM outcome AS o
JOIN said AS s ON s.day = o.day AND s.record_id = o.record_id
LEFT JOIN product_version AS p
    ON p.product_id = o.product_id AND p.known_from <= least(o.event_day, o.day)
    AND (p.known_until IS NULL OR p.known_until > least(o.event_day, o.day))
WHERE o.outcome = 'clean'
