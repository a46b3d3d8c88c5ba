-- Rules and offers are computed, not stored as a model: they have no model_id and were fitted in their week.
SELECT day, 'segmentation' AS kind, '' AS target, status, status_reason, algorithm, model_id, fitted_on
FROM segments_fit
UNION ALL
SELECT day, 'affinity', '', status, status_reason, CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS DATE)
FROM rules_fit
UNION ALL
SELECT day, 'propensity', target, status, status_reason, algorithm, model_id, fitted_on
FROM scores_model
UNION ALL
SELECT day, 'recommendation', '', status, status_reason, algorithm, CAST(NULL AS VARCHAR), CAST(NULL AS DATE)
FROM recommendations_model
