-- Every version of the refund lines that are matched in the window, and of the sale lines they may give back.
-- Inputs: order_line (order_line.sql) and refund (matches known before the window).
-- A refund is matched when a version of it is known, and again when the sale it gives back is corrected.
WITH wanted AS (
    SELECT order_line_id FROM order_line WHERE order_type = 'refund' AND day BETWEEN $first AND $last
    UNION
    SELECT refund.refund_line_id AS order_line_id
    FROM refund
    INNER JOIN order_line ON order_line.order_line_id = refund.sale_line_id
    WHERE order_line.sign = -1 AND order_line.day BETWEEN $first AND $last
),

refund_line AS (
    SELECT order_line.*
    FROM order_line
    INNER JOIN wanted ON wanted.order_line_id = order_line.order_line_id
    WHERE order_line.order_type = 'refund'
),

sale AS (
    SELECT order_line_id, order_id, product_id, id_kind, id FROM order_line WHERE order_type = 'sale'
),

candidate AS (
    SELECT sale.order_line_id
    FROM sale
    INNER JOIN refund_line ON refund_line.product_id = sale.product_id AND refund_line.refund_of = sale.order_id
    UNION
    SELECT sale.order_line_id
    FROM sale
    INNER JOIN refund_line ON refund_line.product_id = sale.product_id AND refund_line.order_id = sale.order_id
    UNION
    SELECT sale.order_line_id
    FROM sale
    INNER JOIN refund_line
        ON
            refund_line.product_id = sale.product_id
            AND refund_line.id_kind = sale.id_kind
            AND refund_line.id = sale.id
),

line AS (
    SELECT * FROM refund_line
    UNION ALL
    SELECT order_line.*
    FROM order_line
    INNER JOIN candidate ON candidate.order_line_id = order_line.order_line_id
    WHERE order_line.order_type = 'sale'
)

SELECT
    day, sign, order_line_id, order_id, order_type, line_type, refund_of, id_kind, id, event_at, event_day, product_id, quantity,
    amount, source
FROM line
