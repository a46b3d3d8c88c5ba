-- en: Which features are distributed unlike four weeks before, and how many customers have a value of them?
-- zh: 哪些特征的分布与四周前明显不同？有多少客户有取值？
SELECT
    quality.feature, quality.psi, quality.stability, quality.coverage,
    quality.reference_customers, quality.customers, quality.p50 AS median
FROM v_mart_feature_quality AS quality
JOIN v_publication AS publication ON publication.as_of = quality.day
WHERE quality.stability IN ('watch', 'act')
ORDER BY quality.psi DESC, quality.feature
