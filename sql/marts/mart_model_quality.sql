SELECT
    evaluation.day, 'propensity' AS kind, evaluation.target, evaluation.algorithm, evaluation.sample, evaluation.metric,
    evaluation.value, coalesce(model.algorithm = evaluation.algorithm, false) AS is_in_force
FROM scores_evaluation AS evaluation
LEFT JOIN scores_model AS model ON model.day = evaluation.day AND model.target = evaluation.target
UNION ALL
SELECT
    evaluation.day, 'recommendation', '', evaluation.algorithm, 'test', evaluation.metric, evaluation.value,
    coalesce(model.algorithm = evaluation.algorithm, false)
FROM recommendations_evaluation AS evaluation
LEFT JOIN recommendations_model AS model ON model.day = evaluation.day
UNION ALL
SELECT day, 'segmentation', '', algorithm, 'fit', 'silhouette', silhouette, status <> 'none'
FROM segments_fit
UNION ALL
SELECT day, 'segmentation', '', algorithm, 'fit', 'stability_ari', stability_ari, status <> 'none'
FROM segments_fit
