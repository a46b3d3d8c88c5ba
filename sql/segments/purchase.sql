-- How many products of each known category, and at what price beside the category's usual one, each customer bought in
-- ($after, $day], as known at the end of $day. Usual is the geometric mean. Bands of price: 1 below half of it, 2 below
-- four fifths, 3 below five quarters, 4 below twice, 5 from twice on. What was given away is in band 1.
WITH item AS (
    SELECT id_kind, id, category, order_id, product_id, sum(quantity) AS quantity, sum(amount) AS amount
    FROM basket_item
    WHERE event_day > $after AND event_day <= $day AND id IS NOT NULL AND category <> 'unknown'
    GROUP BY id_kind, id, category, order_id, product_id
    HAVING sum(quantity) > 0
),
priced AS (
    SELECT id_kind, id, category, CAST(amount AS DOUBLE) / CAST(quantity AS DOUBLE) AS price
    FROM item
),
usual AS (
    SELECT category, exp(CAST(sum(log_price) AS DOUBLE) / count(*)) AS price
    FROM (
        SELECT category, CAST(ln(price) AS DECIMAL(18, 12)) AS log_price
        FROM priced
        WHERE price > 0
    ) AS paid
    GROUP BY category
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
        WHEN priced.price < 0.5 * coalesce(usual.price, 1.0) THEN 1
        WHEN priced.price < 0.8 * usual.price THEN 2
        WHEN priced.price < 1.25 * usual.price THEN 3
        WHEN priced.price < 2.0 * usual.price THEN 4
        ELSE 5
    END AS price_band,
    count(*) AS items
FROM priced
LEFT JOIN usual ON usual.category = priced.category
INNER JOIN membership
    ON membership.id_kind = priced.id_kind
    AND membership.id = priced.id
    AND membership.newest = 1
    AND membership.customer_id IS NOT NULL
GROUP BY 1, 2, 3
