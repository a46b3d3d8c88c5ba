-- en: How good was the model in force each week, and how far is it ahead of the best other candidate?
-- zh: 每周在用模型的效果如何？比其他最好的候选模型领先多少？
WITH judged AS (
    SELECT day, target, algorithm, value, is_in_force
    FROM v_mart_model_quality
    WHERE kind = 'propensity' AND sample = 'test' AND metric = 'roc_auc'
),
other AS (
    SELECT day, target, max(value) AS best
    FROM judged
    WHERE NOT is_in_force
    GROUP BY day, target
)
SELECT
    judged.day, judged.target, judged.algorithm, judged.value AS auc,
    other.best AS best_other_auc,
    judged.value - other.best AS ahead
FROM judged
LEFT JOIN other ON other.day = judged.day AND other.target = judged.target
WHERE judged.is_in_force
ORDER BY judged.target, judged.day
