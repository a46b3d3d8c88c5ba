-- Signed quantity and amount of every product in every sale, by the day it was known. Charges are no products, and an order
-- that has been given back in full holds nothing from the day that is known.
-- Inputs: order_line and refund (matches of refunds to sales), both also of the days before $first that an order given back
-- can reach; product.
-- The category is the one known on the day the sale happened, so that a retraction meets the category it takes back.
WITH product_version AS (
    SELECT
        product_id,
        category,
        day AS known_from,
        LEAD(day) OVER (PARTITION BY product_id ORDER BY day) AS known_until
    FROM product
),

given_back AS (
    SELECT day, sale_event_day AS event_day, sale_order_id AS order_id, id_kind, id, SUM(sign * quantity) AS quantity
    FROM refund
    WHERE sale_order_id IS NOT NULL AND line_type = 'item'
    GROUP BY day, sale_event_day, sale_order_id, id_kind, id
),

returned AS (
    SELECT DISTINCT event_day, order_id, id_kind, id FROM given_back
),

sale AS (
    SELECT
        order_line.day,
        order_line.event_day,
        order_line.order_id,
        order_line.product_id,
        order_line.id_kind,
        order_line.id,
        returned.order_id IS NOT NULL AS is_returned,
        SUM(order_line.sign * order_line.quantity) AS quantity,
        SUM(order_line.sign * order_line.amount) AS amount
    FROM order_line
    LEFT JOIN returned
        ON
            returned.order_id = order_line.order_id
            AND returned.event_day = order_line.event_day
            AND returned.id_kind IS NOT DISTINCT FROM order_line.id_kind
            AND returned.id IS NOT DISTINCT FROM order_line.id
    WHERE
        order_line.order_type = 'sale'
        AND COALESCE(order_line.line_type, 'item') = 'item'
        AND order_line.day <= $last
        AND (order_line.day >= $first OR returned.order_id IS NOT NULL)
    GROUP BY 1, 2, 3, 4, 5, 6, 7
),

order_change AS (
    SELECT day, event_day, order_id, id_kind, id, SUM(sold) AS sold, SUM(given) AS given
    FROM (
        SELECT day, event_day, order_id, id_kind, id, quantity AS sold, 0 AS given FROM sale WHERE is_returned
        UNION ALL
        SELECT day, event_day, order_id, id_kind, id, 0 AS sold, quantity AS given FROM given_back
    ) AS part
    GROUP BY day, event_day, order_id, id_kind, id
),

order_total AS (
    SELECT
        *,
        SUM(sold) OVER (PARTITION BY event_day, order_id, id_kind, id ORDER BY day) AS sold_after,
        SUM(given) OVER (PARTITION BY event_day, order_id, id_kind, id ORDER BY day) AS given_after
    FROM order_change
),

order_state AS (
    SELECT
        day,
        event_day,
        order_id,
        id_kind,
        id,
        CASE WHEN given_after > 0 AND given_after >= sold_after THEN 0 ELSE 1 END AS kept_after,
        CASE WHEN given_after - given > 0 AND given_after - given >= sold_after - sold THEN 0 ELSE 1 END AS kept_before
    FROM order_total
),

item AS (
    SELECT event_day, order_id, id_kind, id, product_id, MIN(day) AS first_day
    FROM sale
    WHERE is_returned
    GROUP BY event_day, order_id, id_kind, id, product_id
),

item_state AS (
    SELECT
        order_state.*,
        item.product_id AS product_id,
        item.first_day AS first_day,
        COALESCE(sale.quantity, 0) AS quantity,
        COALESCE(sale.amount, 0) AS amount,
        SUM(COALESCE(sale.quantity, 0)) OVER known AS quantity_after,
        SUM(COALESCE(sale.amount, 0)) OVER known AS amount_after
    FROM order_state
    INNER JOIN item
        ON
            item.order_id = order_state.order_id
            AND item.event_day = order_state.event_day
            AND item.id_kind IS NOT DISTINCT FROM order_state.id_kind
            AND item.id IS NOT DISTINCT FROM order_state.id
    LEFT JOIN sale
        ON
            sale.day = order_state.day
            AND sale.order_id = order_state.order_id
            AND sale.event_day = order_state.event_day
            AND sale.id_kind IS NOT DISTINCT FROM order_state.id_kind
            AND sale.id IS NOT DISTINCT FROM order_state.id
            AND sale.product_id = item.product_id
    WINDOW known AS (
        PARTITION BY
            order_state.event_day, order_state.order_id, order_state.id_kind, order_state.id, item.product_id
        ORDER BY order_state.day
    )
),

change AS (
    SELECT
        day, event_day, order_id, product_id, id_kind, id, LEAST(event_day, day) AS category_day, quantity, amount
    FROM sale
    WHERE NOT is_returned
    UNION ALL
    SELECT
        day, event_day, order_id, product_id, id_kind, id, LEAST(event_day, first_day) AS category_day,
        kept_after * quantity_after - kept_before * (quantity_after - quantity) AS quantity,
        kept_after * amount_after - kept_before * (amount_after - amount) AS amount
    FROM item_state
    WHERE day BETWEEN $first AND $last
)

SELECT
    change.day AS day,
    change.event_day AS event_day,
    change.order_id AS order_id,
    change.product_id AS product_id,
    COALESCE(product_version.category, 'unknown') AS category,
    change.id_kind AS id_kind,
    change.id AS id,
    change.quantity AS quantity,
    change.amount AS amount
FROM change
LEFT JOIN product_version
    ON
        product_version.product_id = change.product_id
        AND product_version.known_from <= change.category_day
        AND (product_version.known_until IS NULL OR product_version.known_until > change.category_day)
WHERE change.quantity <> 0 OR change.amount <> 0
