-- Order lines in force: a version that no later row takes back. Refunds have negative quantities and amounts.
SELECT
    t.order_line_id, t.order_id, t.order_type, t.customer_id, t.event_at, t.event_day, t.product_id,
    t.quantity * 1.0 AS quantity,
    t.unit_price_minor * 1.0 / p.minor_per_unit AS unit_price,
    t.discount_minor * 1.0 / p.minor_per_unit AS discount,
    t.amount_minor * 1.0 / p.minor_per_unit AS amount,
    t.currency, t.source, t.day AS known_on,
    coalesce(t.line_type, 'item') AS line_type
FROM fct_order_line AS t
JOIN pointer AS p
    ON t.published_in <= p.publication_id AND (t.withdrawn_in IS NULL OR t.withdrawn_in > p.publication_id)
WHERE t.sign = 1
    AND NOT EXISTS (
        SELECT 1
        FROM fct_order_line AS retraction
        WHERE retraction.sign = -1
            AND retraction.order_line_id = t.order_line_id
            AND retraction.day > t.day
            AND retraction.published_in <= p.publication_id
            AND (retraction.withdrawn_in IS NULL OR retraction.withdrawn_in > p.publication_id)
    )
