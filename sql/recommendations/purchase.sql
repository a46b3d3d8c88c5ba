-- What each customer bought on each day of ($after, $day], as known at the end of $day.
WITH item AS (
    SELECT id_kind, id, product_id, event_day
    FROM basket_item
    WHERE event_day > $after AND event_day <= $day AND id IS NOT NULL
    GROUP BY order_id, id_kind, id, product_id, event_day
    HAVING sum(quantity) > 0
),
membership AS (
    SELECT
        id_kind,
        id,
        customer_id,
        row_number() OVER (PARTITION BY id_kind, id ORDER BY day DESC) AS newest
    FROM identity_map
    WHERE day <= $day
)
SELECT DISTINCT
    membership.customer_id,
    item.product_id,
    item.event_day
FROM item
INNER JOIN membership
    ON membership.id_kind = item.id_kind
    AND membership.id = item.id
    AND membership.newest = 1
    AND membership.customer_id IS NOT NULL
