-- Which products each identifier looked at or put into the cart, by the day it was known.
-- The category is the one known on the day it happened, as in basket_item.
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
        CASE
            WHEN visitor_id IS NOT NULL THEN 'visitor'
            WHEN account_id IS NOT NULL THEN 'account'
            ELSE 'client'
        END AS id_kind,
        COALESCE(visitor_id, account_id, client_id) AS id,
        product_id,
        SUM(CASE WHEN page_type = 'product' AND status < 400 AND method <> 'HEAD' THEN 1 ELSE 0 END) AS views,
        SUM(CASE WHEN is_cart_add THEN 1 ELSE 0 END) AS cart_adds
    FROM web_hit
    WHERE product_id IS NOT NULL AND day BETWEEN $first AND $last
    GROUP BY 1, 2, 3, 4, 5
    HAVING
        SUM(CASE WHEN page_type = 'product' AND status < 400 AND method <> 'HEAD' THEN 1 ELSE 0 END) > 0
        OR SUM(CASE WHEN is_cart_add THEN 1 ELSE 0 END) > 0
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
