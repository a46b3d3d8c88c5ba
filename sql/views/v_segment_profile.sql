-- What sets each segment in force apart.
SELECT
    t.day, t.segment_key, t.feature, t.mean, t.median, t.base_mean, t.tgi, t.difference, t.effect_size, t.example_1,
    t.example_2, t.example_3, t.evidence_rank
FROM segment_profile AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
