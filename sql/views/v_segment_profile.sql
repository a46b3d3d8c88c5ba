-- What sets each segment in force apart.
SELECT
    t.day, t.segment_key, t.feature, t.mean, t.base_mean, t.difference, t.evidence_rank
FROM segment_profile AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
