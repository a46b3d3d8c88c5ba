-- Changes that each day brought to what is known of an identifier's orders, by the day the orders happened.
-- All but the charges speaks of items. An order exists while its net sales amount is positive and not all that was sold has
-- been given back; a count is what exists after a day less what existed before.
-- Inputs: order_line, refund (matches of refunds to sales). $lookback reaches every earlier row of an order that a row of the
-- day can touch.
WITH line AS (
    SELECT
        day, event_day, id_kind, id, order_id, order_type, quantity, discount, amount,
        CASE WHEN COALESCE(line_type, 'item') = 'item' THEN sign ELSE 0 END AS sign,
        CASE WHEN COALESCE(line_type, 'item') = 'item' THEN 0 ELSE sign * amount END AS charges,
        0 AS given_back
    FROM order_line
    WHERE id IS NOT NULL
    UNION ALL
    SELECT
        day, sale_event_day AS event_day, id_kind, id, sale_order_id AS order_id, 'sale' AS order_type, 0 AS quantity,
        0 AS discount, 0 AS amount, 0 AS sign, 0 AS charges, sign * quantity AS given_back
    FROM refund
    WHERE sale_order_id IS NOT NULL AND id IS NOT NULL AND line_type = 'item'
),

touched AS (
    SELECT DISTINCT id_kind, id, event_day, order_id, order_type
    FROM line
    WHERE day BETWEEN $first AND $last
),

order_change AS (
    SELECT
        line.id_kind AS id_kind,
        line.id AS id,
        line.event_day AS event_day,
        line.order_id AS order_id,
        line.order_type AS order_type,
        line.day AS day,
        DATE_DIFF('day', DATE '1970-01-01', line.day) AS day_number,
        SUM(line.sign) AS order_lines,
        SUM(CASE WHEN line.discount > 0 THEN line.sign ELSE 0 END) AS discounted_lines,
        SUM(line.sign * line.quantity) AS quantity,
        SUM(line.sign * line.discount) AS discount_amount,
        SUM(line.sign * line.amount) AS amount,
        SUM(line.charges) AS charges,
        SUM(line.given_back) AS given_back
    FROM line
    INNER JOIN touched
        ON
            touched.id_kind = line.id_kind
            AND touched.id = line.id
            AND touched.event_day = line.event_day
            AND touched.order_id = line.order_id
            AND touched.order_type = line.order_type
    WHERE line.day <= $last
    GROUP BY line.id_kind, line.id, line.event_day, line.order_id, line.order_type, line.day
),

order_state AS (
    SELECT
        id_kind,
        id,
        event_day,
        order_type,
        day,
        order_lines,
        quantity,
        discount_amount,
        amount,
        charges,
        discounted_lines,
        given_back,
        SUM(amount) OVER known AS amount_after,
        SUM(quantity) OVER known AS quantity_after,
        SUM(given_back) OVER known AS given_back_after,
        SUM(discounted_lines) OVER known AS discounted_after
    FROM order_change
    WINDOW known AS (
        PARTITION BY id_kind, id, event_day, order_id, order_type
        ORDER BY day_number
        RANGE BETWEEN $lookback PRECEDING AND CURRENT ROW
    )
),

order_exists AS (
    SELECT
        *,
        amount_after > 0 AND (given_back_after <= 0 OR given_back_after < quantity_after) AS is_sale_after,
        amount_after - amount > 0
        AND (
            given_back_after - given_back <= 0
            OR given_back_after - given_back < quantity_after - quantity
        ) AS is_sale_before
    FROM order_state
    WHERE day BETWEEN $first AND $last
),

order_presence AS (
    SELECT
        id_kind,
        id,
        event_day,
        order_type,
        day,
        order_lines,
        quantity,
        discount_amount,
        amount,
        charges,
        CASE WHEN is_sale_after THEN 1 ELSE 0 END AS sale_after,
        CASE WHEN is_sale_before THEN 1 ELSE 0 END AS sale_before,
        CASE WHEN amount_after > 0 AND NOT is_sale_after THEN amount_after ELSE 0 END
        - CASE WHEN amount_after - amount > 0 AND NOT is_sale_before THEN amount_after - amount ELSE 0 END
            AS cancelled_amount,
        CASE WHEN is_sale_after AND discounted_after > 0 THEN 1 ELSE 0 END AS discounted_sale_after,
        CASE
            WHEN is_sale_before AND discounted_after - discounted_lines > 0 THEN 1 ELSE 0
        END AS discounted_sale_before,
        CASE WHEN amount_after < 0 THEN 1 ELSE 0 END AS refund_after,
        CASE WHEN amount_after - amount < 0 THEN 1 ELSE 0 END AS refund_before
    FROM order_exists
),

change AS (
    SELECT
        day,
        event_day,
        id_kind,
        id,
        SUM(CASE WHEN order_type = 'sale' THEN sale_after - sale_before ELSE 0 END) AS orders,
        SUM(CASE WHEN order_type = 'sale' THEN order_lines ELSE 0 END) AS order_lines,
        SUM(CASE WHEN order_type = 'sale' THEN quantity ELSE 0 END) AS quantity,
        SUM(CASE WHEN order_type = 'sale' THEN amount + discount_amount ELSE 0 END) AS gross_amount,
        SUM(CASE WHEN order_type = 'sale' THEN discount_amount ELSE 0 END) AS discount_amount,
        SUM(CASE WHEN order_type = 'sale' THEN amount ELSE 0 END) AS sales_amount,
        SUM(CASE WHEN order_type = 'sale' THEN cancelled_amount ELSE 0 END) AS cancelled_amount,
        SUM(CASE WHEN order_type = 'sale' THEN discounted_sale_after - discounted_sale_before ELSE 0 END)
            AS discounted_orders,
        SUM(charges) AS charges,
        SUM(CASE WHEN order_type = 'refund' THEN refund_after - refund_before ELSE 0 END) AS refunds,
        SUM(CASE WHEN order_type = 'refund' THEN -amount ELSE 0 END) AS refund_amount
    FROM order_presence
    GROUP BY day, event_day, id_kind, id
)

SELECT
    day,
    event_day,
    id_kind,
    id,
    orders,
    order_lines,
    quantity,
    gross_amount,
    discount_amount,
    sales_amount,
    cancelled_amount,
    discounted_orders,
    charges,
    refunds,
    refund_amount
FROM change
WHERE
    orders <> 0
    OR order_lines <> 0
    OR quantity <> 0
    OR gross_amount <> 0
    OR discount_amount <> 0
    OR sales_amount <> 0
    OR cancelled_amount <> 0
    OR discounted_orders <> 0
    OR charges <> 0
    OR refunds <> 0
    OR refund_amount <> 0
