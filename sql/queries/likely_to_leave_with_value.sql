-- en: Which valuable customers are likely to leave? The fifth with the highest risk, by the sales that are at stake.
-- zh: 哪些高价值客户可能流失？取流失风险最高的五分之一，按可能损失的销售额排序。
SELECT
    profile.customer_id, persona.name_en, persona.name_zh, prediction.probability,
    profile.sales_365d,
    profile.sales_365d * prediction.probability AS sales_at_stake,
    profile.recency_days
FROM v_customer_prediction AS prediction
JOIN v_customer_profile AS profile ON profile.customer_id = prediction.customer_id
LEFT JOIN v_persona AS persona ON persona.segment_key = profile.segment_key
WHERE prediction.target = 'churn_60d' AND prediction.decile <= 2
ORDER BY sales_at_stake DESC, profile.customer_id
LIMIT 100
