-- Which products each identifier looked at or put into the cart, by the day it was known.
-- The category is the one known on the day it happened, as in basket_item.
-- Inputs: hit (hit.sql), product.
WITH product_version AS (
    SELECT
        product_id,
        category,
        day AS known_from,
        LEAD(day) OVER (PARTITION BY product_id ORDER BY day) AS known_until
    FROM product
),

viewed AS (
    SELECT
        day,
        event_day,
        id_kind,
        id,
        product_id,
        SUM(CASE WHEN is_seen AND page_type = 'product' THEN 1 ELSE 0 END) AS views,
        SUM(CASE WHEN is_cart_add THEN 1 ELSE 0 END) AS cart_adds
    FROM hit
    WHERE product_id IS NOT NULL AND (is_cart_add OR (is_seen AND page_type = 'product'))
    GROUP BY day, event_day, id_kind, id, product_id
)

SELECT
    viewed.day AS day,
    viewed.event_day AS event_day,
    viewed.id_kind AS id_kind,
    viewed.id AS id,
    viewed.product_id AS product_id,
    COALESCE(product_version.category, 'unknown') AS category,
    viewed.views AS views,
    viewed.cart_adds AS cart_adds
FROM viewed
LEFT JOIN product_version
    ON
        product_version.product_id = viewed.product_id
        AND product_version.known_from <= LEAST(viewed.event_day, viewed.day)
        AND (
            product_version.known_until IS NULL
            OR product_version.known_until > LEAST(viewed.event_day, viewed.day)
        )
