-- The lower median and the most frequent value of a field by day, in what was known strictly before that day.
-- Inputs: version (record_id, day, value as text, number; both empty where the field was missing or filled), asked (day).
-- Of every record the newest version before the day counts.
WITH in_force AS (
    SELECT value, number, day AS known_from, lead(day) OVER (PARTITION BY record_id ORDER BY day) AS known_to FROM version
),
histogram AS (
    SELECT value, number, known_from, known_to, count(*) AS records
    FROM in_force
    WHERE value IS NOT NULL
    GROUP BY value, number, known_from, known_to
),
counted AS (
    SELECT a.day, h.value, h.number, CAST(sum(h.records) AS BIGINT) AS records
    FROM asked AS a
    JOIN histogram AS h ON h.known_from < a.day AND (h.known_to IS NULL OR h.known_to >= a.day)
    GROUP BY a.day, h.value, h.number
),
ranked AS (
    SELECT
        day, value, records,
        row_number() OVER (PARTITION BY day ORDER BY records DESC, number, value) AS place,
        sum(records) OVER (PARTITION BY day ORDER BY number, value) AS up_to,
        sum(records) OVER (PARTITION BY day) AS total
    FROM counted
)
SELECT
    day,
    min(CASE WHEN place = 1 THEN value END) AS most_frequent,
    min(CASE WHEN 2 * up_to >= total AND 2 * (up_to - records) < total THEN value END) AS lower_median
FROM ranked
GROUP BY day
