-- What the shown customers did on each of their last days: orders, visits, contacts, texts, as known at the end of $day.
WITH newest AS (
    SELECT id_kind, id, customer_id, row_number() OVER (PARTITION BY id_kind, id ORDER BY day DESC) AS position
    FROM map
),
belonging AS (
    SELECT newest.id_kind, newest.id, newest.customer_id
    FROM newest
    INNER JOIN shown ON shown.customer_id = newest.customer_id
    WHERE newest.position = 1
),
trace AS (
    SELECT
        id_kind, id, event_day, orders, sales_amount, refund_amount, 0 AS sessions, 0 AS product_views, 0 AS contacts,
        0 AS opens, 0 AS clicks, 0 AS responses, 0 AS texts
    FROM order_day
    UNION ALL
    SELECT id_kind, id, event_day, 0, 0, 0, sessions, product_views, 0, 0, 0, 0, 0
    FROM web_day
    UNION ALL
    SELECT id_kind, id, event_day, 0, 0, 0, 0, 0, contacts, opens, clicks, responses, 0
    FROM contact_day
    UNION ALL
    SELECT id_kind, id, event_day, 0, 0, 0, 0, 0, 0, 0, 0, 0, posts + reviews
    FROM social_day
),
summed AS (
    SELECT
        belonging.customer_id,
        trace.event_day,
        CAST(sum(trace.orders) AS BIGINT) AS orders,
        CAST(sum(trace.sales_amount) AS DECIMAL(18, 4)) AS sales_amount,
        CAST(sum(trace.refund_amount) AS DECIMAL(18, 4)) AS refund_amount,
        CAST(sum(trace.sessions) AS BIGINT) AS sessions,
        CAST(sum(trace.product_views) AS BIGINT) AS product_views,
        CAST(sum(trace.contacts) AS BIGINT) AS contacts,
        CAST(sum(trace.opens) AS BIGINT) AS opens,
        CAST(sum(trace.clicks) AS BIGINT) AS clicks,
        CAST(sum(trace.responses) AS BIGINT) AS responses,
        CAST(sum(trace.texts) AS BIGINT) AS texts
    FROM trace
    INNER JOIN belonging ON belonging.id_kind = trace.id_kind AND belonging.id = trace.id
    WHERE trace.event_day <= $day
    GROUP BY belonging.customer_id, trace.event_day
),
recent AS (
    SELECT summed.*, row_number() OVER (PARTITION BY customer_id ORDER BY event_day DESC) AS position
    FROM summed
    WHERE orders <> 0 OR refund_amount <> 0 OR sessions <> 0 OR contacts <> 0 OR texts <> 0
)
SELECT
    customer_id, event_day, orders, sales_amount, refund_amount, sessions, product_views, contacts, opens, clicks,
    responses, texts
FROM recent
WHERE position <= $days
ORDER BY customer_id, event_day DESC
