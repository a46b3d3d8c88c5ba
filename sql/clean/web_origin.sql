-- Distinct combinations of what tells where a visit came from.
SELECT DISTINCT referrer_host, utm_source, utm_medium
FROM records
WHERE method IS NOT NULL AND (referrer_host IS NOT NULL OR utm_source IS NOT NULL OR utm_medium IS NOT NULL)
