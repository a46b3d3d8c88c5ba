-- Visits of the changed days by channel, device and type of visitor. A customer with two cookies is one visitor.
WITH belonging AS (
    SELECT
        id_kind, id, customer_id, day AS known_from,
        lead(day) OVER (PARTITION BY id_kind, id ORDER BY day) AS known_until
    FROM identity_map
),
visit AS (
    SELECT
        session.*,
        CASE WHEN belonging.customer_id IS NULL THEN 'visitor' ELSE 'customer' END AS visitor_type,
        coalesce(belonging.customer_id, session.id_kind || ':' || session.id) AS visitor
    FROM facts_session AS session
    JOIN changed ON changed.day = session.day
    LEFT JOIN belonging
        ON belonging.id_kind = session.id_kind AND belonging.id = session.id AND belonging.known_from <= session.day
        AND (belonging.known_until IS NULL OR session.day < belonging.known_until)
)
SELECT
    day, event_day, channel, device, visitor_type,
    CAST(count(DISTINCT visitor) AS BIGINT) AS visitors,
    CAST(count(*) AS BIGINT) AS sessions,
    CAST(sum(CASE WHEN hits = 1 THEN 1 ELSE 0 END) AS BIGINT) AS bounces,
    CAST(sum(hits) AS BIGINT) AS hits,
    CAST(sum(seconds) AS BIGINT) AS seconds,
    CAST(sum(product_views) AS BIGINT) AS product_views,
    CAST(sum(CASE WHEN product_views > 0 THEN 1 ELSE 0 END) AS BIGINT) AS product_sessions,
    CAST(sum(CASE WHEN cart_adds > 0 THEN 1 ELSE 0 END) AS BIGINT) AS cart_sessions,
    CAST(sum(CASE WHEN checkouts > 0 THEN 1 ELSE 0 END) AS BIGINT) AS checkout_sessions,
    CAST(sum(CASE WHEN confirmations > 0 THEN 1 ELSE 0 END) AS BIGINT) AS confirmation_sessions,
    CAST(sum(confirmations) AS BIGINT) AS orders_confirmed
FROM visit
GROUP BY day, event_day, channel, device, visitor_type
ORDER BY day, event_day, channel, device, visitor_type
