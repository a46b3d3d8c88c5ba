-- The newest title of every product of the rules, as known at the end of the day.
WITH version AS (
    SELECT
        product.product_id,
        product.title,
        row_number() OVER (PARTITION BY product.product_id ORDER BY product.day DESC) AS newest
    FROM product
    WHERE EXISTS (SELECT 1 FROM rule_item WHERE rule_item.product_id = product.product_id)
)
SELECT product_id, title
FROM version
WHERE newest = 1 AND title IS NOT NULL
