-- Statistics of the features that people may read, on the newest day and on Sundays: the days that nights, a range and a backfill all have.
WITH newest AS (
    SELECT max(day) AS day
    FROM features_statistic
)
SELECT
    statistic.day, statistic.feature, statistic.customers, statistic.coverage, statistic.distinct_values,
    statistic.mean, statistic.standard_deviation, statistic.p01, statistic.p05, statistic.p25,
    statistic.p50, statistic.p75, statistic.p95, statistic.p99, statistic.reference_on,
    statistic.reference_customers, statistic.psi, statistic.stability
FROM features_statistic AS statistic
JOIN readable ON readable.feature = statistic.feature
JOIN newest ON newest.day = statistic.day OR date_diff('day', DATE '1970-01-04', statistic.day) % 7 = 0
ORDER BY statistic.day, statistic.feature
