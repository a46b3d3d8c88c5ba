-- What each customer looked at on each day of ($after, $day], as known at the end of $day; a cart add weighs three views.
WITH membership AS (
    SELECT
        id_kind,
        id,
        customer_id,
        row_number() OVER (PARTITION BY id_kind, id ORDER BY day DESC) AS newest
    FROM identity_map
    WHERE day <= $day
)
SELECT
    membership.customer_id,
    product_view.product_id,
    product_view.event_day,
    CAST(sum(product_view.views + 3 * product_view.cart_adds) AS BIGINT) AS points
FROM product_view
INNER JOIN membership
    ON membership.id_kind = product_view.id_kind
    AND membership.id = product_view.id
    AND membership.newest = 1
    AND membership.customer_id IS NOT NULL
WHERE product_view.event_day > $after AND product_view.event_day <= $day
GROUP BY membership.customer_id, product_view.product_id, product_view.event_day
