-- What each customer bought, for the changed days: the facts of its identifiers, added up.
WITH belonging AS (
    SELECT
        id_kind, id, customer_id, day AS known_from,
        lead(day) OVER (PARTITION BY id_kind, id ORDER BY day) AS known_until
    FROM identity_map
)
SELECT
    fact.day, belonging.customer_id, fact.event_day,
    CAST(sum(fact.orders) AS BIGINT) AS orders,
    CAST(sum(fact.order_lines) AS BIGINT) AS order_lines,
    CAST(sum(fact.quantity) AS DECIMAL(18, 4)) AS quantity,
    CAST(sum(fact.gross_amount) AS DECIMAL(18, 4)) AS gross_amount,
    CAST(sum(fact.discount_amount) AS DECIMAL(18, 4)) AS discount_amount,
    CAST(sum(fact.sales_amount) AS DECIMAL(18, 4)) AS sales_amount,
    CAST(sum(fact.discounted_orders) AS BIGINT) AS discounted_orders,
    CAST(sum(fact.charges) AS DECIMAL(18, 4)) AS charges,
    CAST(sum(fact.refunds) AS BIGINT) AS refunds,
    CAST(sum(fact.refund_amount) AS DECIMAL(18, 4)) AS refund_amount
FROM facts_order_day AS fact
JOIN changed ON changed.day = fact.day
JOIN belonging
    ON belonging.id_kind = fact.id_kind AND belonging.id = fact.id AND belonging.known_from <= fact.day
    AND (belonging.known_until IS NULL OR fact.day < belonging.known_until)
WHERE belonging.customer_id IS NOT NULL
GROUP BY fact.day, belonging.customer_id, fact.event_day
ORDER BY fact.day, belonging.customer_id, fact.event_day
