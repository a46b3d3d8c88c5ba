-- How many products of each known category each customer bought in ($after, $day], as known at the end of $day.
WITH item AS (
    SELECT id_kind, id, category, order_id, product_id
    FROM basket_item
    WHERE event_day > $after AND event_day <= $day AND id IS NOT NULL AND category <> 'unknown'
    GROUP BY id_kind, id, category, order_id, product_id
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
SELECT
    membership.customer_id,
    item.category,
    count(*) AS items
FROM item
INNER JOIN membership
    ON membership.id_kind = item.id_kind
    AND membership.id = item.id
    AND membership.newest = 1
    AND membership.customer_id IS NOT NULL
GROUP BY membership.customer_id, item.category
