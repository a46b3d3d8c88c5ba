-- Signed quantity and amount of every product in every sale, by the day it was known. Charges are no products.
-- The category is the one known on the day the sale happened, so that a retraction meets the category it takes back.
WITH product_version AS (
    SELECT
        product_id,
        category,
        day AS known_from,
        LEAD(day) OVER (PARTITION BY product_id ORDER BY day) AS known_until
    FROM product
),

sale AS (
    SELECT
        day,
        event_day,
        order_id,
        product_id,
        id_kind,
        id,
        SUM(sign * quantity) AS quantity,
        SUM(sign * amount) AS amount
    FROM order_line
    WHERE order_type = 'sale' AND COALESCE(line_type, 'item') = 'item' AND day BETWEEN $first AND $last
    GROUP BY day, event_day, order_id, product_id, id_kind, id
    HAVING SUM(sign * quantity) <> 0 OR SUM(sign * amount) <> 0
)

SELECT
    sale.day AS day,
    sale.event_day AS event_day,
    sale.order_id AS order_id,
    sale.product_id AS product_id,
    COALESCE(product_version.category, 'unknown') AS category,
    sale.id_kind AS id_kind,
    sale.id AS id,
    sale.quantity AS quantity,
    sale.amount AS amount
FROM sale
LEFT JOIN product_version
    ON
        product_version.product_id = sale.product_id
        AND product_version.known_from <= LEAST(sale.event_day, sale.day)
        AND (product_version.known_until IS NULL OR product_version.known_until > LEAST(sale.event_day, sale.day))
