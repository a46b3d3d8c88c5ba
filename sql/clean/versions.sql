-- Accepted records (sign +1) and, for each correction, the version it replaces (sign -1).
-- Inputs: accepted (rows of a clean table with record_id and replaced_day), earlier (the table, the days before the window,
-- with record_id).
WITH version_of AS (
    SELECT * EXCLUDE (replaced_day) FROM accepted
    UNION ALL BY NAME
    SELECT * FROM earlier
    WHERE sign = 1 AND record_id IN (SELECT record_id FROM accepted WHERE replaced_day IS NOT NULL)
)
SELECT * EXCLUDE (record_id, replaced_day) FROM accepted
UNION ALL BY NAME
SELECT a.day, -1 AS sign, v.* EXCLUDE (record_id, day, sign)
FROM accepted AS a
JOIN version_of AS v ON v.record_id = a.record_id AND v.day = a.replaced_day
