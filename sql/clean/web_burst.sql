-- Addresses that asked for more than $limit pages within a minute of the clock, with that minute.
-- Inputs: minutes (web_minute.sql).
SELECT day, address, minute
FROM minutes
WHERE minute IS NOT NULL AND pages > $limit
