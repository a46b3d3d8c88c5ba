-- Customers of whom everything was told before a day, none of it filled, by their newest record; 20,000 at most, which their
-- ids, being keyed hashes, choose evenly.
WITH in_force AS (
    SELECT *, row_number() OVER (PARTITION BY record_id ORDER BY day DESC) AS place FROM known WHERE day < $day
)
SELECT record_id, birth_year, gender, region, income_band
FROM in_force
WHERE
    place = 1 AND imputed IS NULL AND birth_year IS NOT NULL AND gender <> 'unknown' AND region <> 'unknown'
    AND income_band <> 'unknown'
ORDER BY record_id
LIMIT 20000
