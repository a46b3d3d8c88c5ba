-- Accepted records (sign +1) and, for each correction, the version it replaces (sign -1).
-- Inputs: accepted (rows of a clean table with record_id and replaced_day), earlier (the table, the days before the window,
-- with record_id).
WITH taken_back AS (
    SELECT day, record_id, replaced_day FROM accepted WHERE replaced_day IS NOT NULL
),
version_of AS (
    SELECT * EXCLUDE (replaced_day) FROM accepted WHERE record_id IN (SELECT record_id FROM taken_back)
    UNION ALL BY NAME
    SELECT * FROM earlier WHERE sign = 1 AND record_id IN (SELECT record_id FROM taken_back)
)
SELECT * EXCLUDE (record_id, replaced_day) FROM accepted
UNION ALL BY NAME
SELECT t.day, -1 AS sign, v.* EXCLUDE (record_id, day, sign)
FROM taken_back AS t
JOIN version_of AS v ON v.record_id = t.record_id AND v.day = t.replaced_day
