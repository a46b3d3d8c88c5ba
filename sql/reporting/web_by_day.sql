-- Sessions of the last days by channel, device and whether the visitor was a customer at the end of $day.
WITH newest AS (
    SELECT id_kind, id, customer_id, row_number() OVER (PARTITION BY id_kind, id ORDER BY day DESC) AS position
    FROM map
)
SELECT
    session.event_day,
    session.channel,
    session.device,
    CASE WHEN newest.customer_id IS NULL THEN 'visitor' ELSE 'customer' END AS visitor_type,
    count(*) AS sessions,
    count(CASE WHEN session.hits = 1 THEN 1 END) AS bounces,
    count(CASE WHEN session.product_views > 0 THEN 1 END) AS product_sessions,
    count(CASE WHEN session.cart_adds > 0 THEN 1 END) AS cart_sessions,
    count(CASE WHEN session.checkouts > 0 THEN 1 END) AS checkout_sessions,
    count(CASE WHEN session.confirmations > 0 THEN 1 END) AS confirmation_sessions
FROM session
LEFT JOIN newest ON newest.id_kind = session.id_kind AND newest.id = session.id AND newest.position = 1
WHERE session.event_day > $since AND session.event_day <= $day
GROUP BY session.event_day, session.channel, session.device, 4
ORDER BY session.event_day, session.channel, session.device, 4
