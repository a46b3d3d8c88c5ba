-- Order lines of the changed days. A line belongs to the customer that its identifier had on the day it was known.
WITH belonging AS (
    SELECT
        id_kind, id, customer_id, day AS known_from,
        lead(day) OVER (PARTITION BY id_kind, id ORDER BY day) AS known_until
    FROM identity_map
)
SELECT
    line.day, line.order_line_id, line.sign, line.order_id, line.order_type,
    coalesce(line.line_type, 'item') AS line_type, belonging.customer_id, line.event_at, line.event_day, line.product_id, line.quantity,
    line.unit_price, line.discount, line.amount, line.currency, line.source
FROM clean_order_line AS line
JOIN changed ON changed.day = line.day
LEFT JOIN belonging
    ON belonging.id_kind = line.id_kind AND belonging.id = line.id AND belonging.known_from <= line.day
    AND (belonging.known_until IS NULL OR line.day < belonging.known_until)
ORDER BY line.day, line.order_line_id, line.sign
