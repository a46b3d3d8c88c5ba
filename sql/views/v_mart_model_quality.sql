-- How every candidate of every week did, baselines included.
SELECT
    t.day, t.kind, t.target, t.algorithm, t.sample, t.metric, t.value, t.is_in_force
FROM mart_model_quality AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
