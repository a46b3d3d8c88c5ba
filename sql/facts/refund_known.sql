-- What was known before the window of the refund and sale lines that are looked at.
-- Inputs: refund (matches known before the window), line (refund_line.sql).
WITH looked_at AS (
    SELECT DISTINCT order_line_id FROM line
)
SELECT refund.*
FROM refund
WHERE
    refund.refund_line_id IN (SELECT order_line_id FROM looked_at)
    OR refund.sale_line_id IN (SELECT order_line_id FROM looked_at)
