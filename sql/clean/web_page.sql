-- Distinct pages asked for.
SELECT DISTINCT page FROM records WHERE page IS NOT NULL
