-- What each customer bought on each day of ($after, $day], as known at the end of $day.
WITH item AS (
    SELECT id_kind, id, product_id, event_day
    FROM basket_item
    WHERE event_day > $after AND event_day <= $day AND id IS NOT NULL
    GROUP BY order_id, id_kind, id, product_id, event_day
    HAVING sum(quantity) > 0
)
SELECT DISTINCT
    identity_map.customer_id,
    item.product_id,
    item.event_day
FROM item
INNER JOIN identity_map
    ON identity_map.id_kind = item.id_kind
    AND identity_map.id = item.id
    AND identity_map.valid_from_day <= $day
    AND (identity_map.valid_to_day IS NULL OR identity_map.valid_to_day >= $day)
