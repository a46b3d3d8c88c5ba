-- How many products of each known category each customer bought in ($after, $day], as known at the end of $day.
WITH item AS (
    SELECT id_kind, id, category, order_id, product_id
    FROM basket_item
    WHERE event_day > $after AND event_day <= $day AND id IS NOT NULL AND category <> 'unknown'
    GROUP BY id_kind, id, category, order_id, product_id
    HAVING sum(quantity) > 0
)
SELECT
    identity_map.customer_id,
    item.category,
    count(*) AS items
FROM item
INNER JOIN identity_map
    ON identity_map.id_kind = item.id_kind
    AND identity_map.id = item.id
    AND identity_map.valid_from_day <= $day
    AND (identity_map.valid_to_day IS NULL OR identity_map.valid_to_day >= $day)
GROUP BY identity_map.customer_id, item.category
