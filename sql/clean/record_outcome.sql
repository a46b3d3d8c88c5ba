-- Every record of the window with what becomes of it.
-- Inputs: record (typed records), verdict (of those whose key came more than once), days (one row: first, last).
SELECT
    r.*,
    coalesce(
        v.outcome,
        CASE WHEN r.reason IS NULL THEN 'clean' WHEN r.reason = 'test_order' THEN 'filtered' ELSE 'rejected' END
    ) AS outcome,
    coalesce(v.outcome_reason, r.reason, 'new') AS outcome_reason,
    v.replaced_day
FROM record AS r
LEFT JOIN verdict AS v
    ON v.day = r.day AND v.source = r.source AND v.path = r.path AND v.sha256 = r.sha256 AND v.line = r.line
WHERE r.day BETWEEN (SELECT d.first FROM days AS d) AND (SELECT d.last FROM days AS d)
