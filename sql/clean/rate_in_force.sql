-- The rate of every foreign currency for each pair of the day something happened and the day it was known: the newest one of
-- that day or of $rate_days before it, as it was known by then.
-- Inputs: record (typed records with currency, event_day, day), rate (clean.exchange_rate).
WITH needed AS (
    SELECT DISTINCT currency, event_day, day FROM record WHERE reason IS NULL AND currency <> $project_currency
),
candidate AS (
    SELECT
        n.currency, n.event_day, n.day, r.rate,
        row_number() OVER (PARTITION BY n.currency, n.event_day, n.day ORDER BY r.rate_on DESC, r.day DESC) AS place
    FROM needed AS n
    JOIN rate AS r
        ON r.currency = n.currency AND r.day <= n.day AND date_diff('day', r.rate_on, n.event_day) BETWEEN 0 AND $rate_days
)
SELECT currency, event_day, day, rate FROM candidate WHERE place = 1
