-- Distinct user agents of requests.
SELECT DISTINCT agent FROM records WHERE agent IS NOT NULL AND method IS NOT NULL
