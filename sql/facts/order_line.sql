-- The order lines of a window and of the days before it that its refunds can reach, read once for several statements.
SELECT
    day, sign, order_line_id, order_id, order_type, COALESCE(line_type, 'item') AS line_type, refund_of, id_kind, id, event_at,
    event_day, product_id, quantity, discount, amount, source
FROM order_line
