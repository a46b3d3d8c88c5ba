-- What each customer bought on each day, as known now.
SELECT
    t.customer_id, t.event_day,
    sum(t.orders) AS orders,
    sum(t.order_lines) AS order_lines,
    sum(t.quantity) * 1.0 AS quantity,
    sum(t.gross_amount_minor) * 1.0 / max(p.minor_per_unit) AS gross_amount,
    sum(t.discount_amount_minor) * 1.0 / max(p.minor_per_unit) AS discount_amount,
    sum(t.sales_amount_minor) * 1.0 / max(p.minor_per_unit) AS sales_amount,
    sum(t.discounted_orders) AS discounted_orders,
    sum(t.refunds) AS refunds,
    sum(t.refund_amount_minor) * 1.0 / max(p.minor_per_unit) AS refund_amount,
    max(p.currency) AS currency,
    sum(coalesce(t.charges_minor, 0)) * 1.0 / max(p.minor_per_unit) AS charges
FROM fct_customer_daily AS t
JOIN pointer AS p
    ON t.published_in <= p.publication_id AND (t.withdrawn_in IS NULL OR t.withdrawn_in > p.publication_id)
GROUP BY t.customer_id, t.event_day
HAVING sum(t.order_lines) <> 0 OR sum(t.refunds) <> 0 OR sum(t.sales_amount_minor) <> 0
    OR sum(t.refund_amount_minor) <> 0 OR sum(coalesce(t.charges_minor, 0)) <> 0
