-- Distinct user agents. A request without one is a bot's.
SELECT DISTINCT agent FROM records WHERE agent IS NOT NULL AND method IS NOT NULL
