-- What is known of customers: the clean rows of the days before the window, and those of its days before anything is filled.
SELECT id AS record_id, day, birth_year, gender, region, income_band, imputed FROM earlier
UNION ALL
SELECT record_id, day, birth_year, gender, region, income_band, imputed FROM outcome WHERE outcome = 'clean'
