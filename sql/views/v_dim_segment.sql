-- The segments in force.
SELECT
    t.segment_key, t.day, t.name_en, t.name_zh, t.customers, t.share, t.change, t.overlap, t.is_stable, t.stability
FROM dim_segment AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
