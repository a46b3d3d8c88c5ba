-- Every product that was bought or looked at, with its number.
SELECT
    product_id,
    CAST(row_number() OVER (ORDER BY product_id) AS INTEGER) AS product_no
FROM (
    SELECT product_id FROM basket_item
    UNION
    SELECT product_id FROM product_view
) AS product
