-- The newest title and category of every product known at the end of the day.
WITH version AS (
    SELECT
        product_id,
        title,
        category,
        row_number() OVER (PARTITION BY product_id ORDER BY day DESC) AS position
    FROM product
)
SELECT product_id, title, category
FROM version
WHERE position = 1
ORDER BY product_id
