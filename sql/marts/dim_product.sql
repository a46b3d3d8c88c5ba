-- The newest catalogue entry of every product, and the products that sell without one.
WITH version AS (
    SELECT
        product_id, title, category, brand, price, currency,
        row_number() OVER (PARTITION BY product_id ORDER BY day DESC) AS newest
    FROM clean_product
),
catalogue AS (
    SELECT product_id, title, category, brand, price, currency FROM version WHERE newest = 1
)
SELECT product_id, title, category, brand, price, currency
FROM catalogue
UNION ALL
SELECT
    popularity.product_id, popularity.product_id, 'unknown', CAST(NULL AS VARCHAR), CAST(NULL AS DECIMAL(18, 4)),
    CAST(NULL AS VARCHAR)
FROM recommendations_popularity AS popularity
LEFT JOIN catalogue ON catalogue.product_id = popularity.product_id
WHERE catalogue.product_id IS NULL
