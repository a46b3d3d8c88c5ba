-- Distinct visitor cookies.
SELECT DISTINCT visitor AS value FROM records WHERE visitor IS NOT NULL
