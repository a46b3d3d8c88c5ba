-- The model in force of each kind, or why there is none.
SELECT
    t.kind, t.target, t.day, t.status, t.status_reason, t.algorithm, t.model_id, t.fitted_on
FROM dim_model AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
