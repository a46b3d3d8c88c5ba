-- How many products of each known category, and at what price beside the category's mean, each customer bought in
-- ($after, $day], as known at the end of $day. Bands of price: 1 below half the mean, 2 below four fifths, 3 below five
-- quarters, 4 below twice, 5 from twice on.
WITH item AS (
    SELECT id_kind, id, category, order_id, product_id, sum(quantity) AS quantity, sum(amount) AS amount
    FROM basket_item
    WHERE event_day > $after AND event_day <= $day AND id IS NOT NULL AND category <> 'unknown'
    GROUP BY id_kind, id, category, order_id, product_id
    HAVING sum(quantity) > 0
),
usual AS (
    SELECT category, CAST(sum(amount) AS DOUBLE) / CAST(sum(quantity) AS DOUBLE) AS price
    FROM item
    GROUP BY category
),
priced AS (
    SELECT
        item.id_kind,
        item.id,
        item.category,
        CAST(item.amount AS DOUBLE) / CAST(item.quantity AS DOUBLE) AS price,
        usual.price AS usual_price
    FROM item
    INNER JOIN usual ON usual.category = item.category
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
    priced.category,
    CASE
        WHEN priced.price < 0.5 * priced.usual_price THEN 1
        WHEN priced.price < 0.8 * priced.usual_price THEN 2
        WHEN priced.price < 1.25 * priced.usual_price THEN 3
        WHEN priced.price < 2.0 * priced.usual_price THEN 4
        ELSE 5
    END AS price_band,
    count(*) AS items
FROM priced
INNER JOIN membership
    ON membership.id_kind = priced.id_kind
    AND membership.id = priced.id
    AND membership.newest = 1
    AND membership.customer_id IS NOT NULL
GROUP BY 1, 2, 3
