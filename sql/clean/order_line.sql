-- Accepted order records (sign +1) and, for each correction, the version it replaces (sign -1).
-- Inputs: outcome (order_outcome), earlier (clean.order_line of the days before the window).
WITH accepted AS (
    SELECT
        day, order_line_id, 1 AS sign, order_id, order_type, id_kind, id, event_at, event_day, product_id, quantity, unit_price,
        discount, amount, currency, version, source, content_hash, replaced_day
    FROM outcome
    WHERE outcome = 'clean'
),
version_of AS (
    SELECT
        day, order_line_id, order_id, order_type, id_kind, id, event_at, event_day, product_id, quantity, unit_price,
        discount, amount, currency, version, source, content_hash
    FROM accepted
    UNION ALL
    SELECT
        day, order_line_id, order_id, order_type, id_kind, id, event_at, event_day, product_id, quantity, unit_price,
        discount, amount, currency, version, source, content_hash
    FROM earlier
    WHERE sign = 1 AND order_line_id IN (SELECT order_line_id FROM accepted WHERE replaced_day IS NOT NULL)
)
SELECT
    day, order_line_id, sign, order_id, order_type, id_kind, id, event_at, event_day, product_id, quantity, unit_price,
    discount, amount, currency, version, source, content_hash
FROM accepted
UNION ALL
SELECT
    a.day, a.order_line_id, -1 AS sign, v.order_id, v.order_type, v.id_kind, v.id, v.event_at, v.event_day, v.product_id,
    v.quantity, v.unit_price, v.discount, v.amount, v.currency, v.version, v.source, v.content_hash
FROM accepted AS a
JOIN version_of AS v ON v.order_line_id = a.order_line_id AND v.day = a.replaced_day
