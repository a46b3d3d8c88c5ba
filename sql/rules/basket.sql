-- Items of each basket as known at the end of $day, for baskets of the days ($after, $day].
SELECT
    order_id AS basket_id,
    product_id AS item
FROM basket_item
WHERE event_day > $after AND event_day <= $day
GROUP BY order_id, product_id
HAVING sum(quantity) > 0
