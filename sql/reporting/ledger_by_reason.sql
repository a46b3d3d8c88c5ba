-- Records that did not become clean rows at once, by source, outcome, reason and day.
SELECT
    source,
    outcome,
    reason,
    day,
    CAST(sum(records) AS BIGINT) AS records
FROM ledger_reason
WHERE outcome IN ('rejected', 'duplicate', 'filtered', 'suppressed')
GROUP BY source, outcome, reason, day
ORDER BY source, outcome, reason, day
