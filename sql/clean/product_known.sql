-- What is known of products: the clean rows of the days before the window, and those of its days before anything is filled.
SELECT product_id AS record_id, day, category, brand, price, imputed FROM earlier
UNION ALL
SELECT record_id, day, category, brand, price, imputed FROM outcome WHERE outcome = 'clean'
