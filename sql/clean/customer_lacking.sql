-- Customers' records that lack a field which a model may fill.
SELECT
    day, source, record_id, birth_year, nullif(gender, 'unknown') AS gender, nullif(region, 'unknown') AS region,
    nullif(income_band, 'unknown') AS income_band
FROM outcome
WHERE
    outcome = 'clean'
    AND (birth_year IS NULL OR gender = 'unknown' OR region = 'unknown' OR income_band = 'unknown')
ORDER BY day, record_id
