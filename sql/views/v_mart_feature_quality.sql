-- How each feature is filled and distributed, and how far it moved in four weeks.
SELECT
    t.day, t.feature, t.customers, t.coverage, t.distinct_values, t.mean, t.standard_deviation, t.p01,
    t.p05, t.p25, t.p50, t.p75, t.p95, t.p99, t.reference_on, t.reference_customers, t.psi, t.stability
FROM mart_feature_quality AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
