-- Visits by day, channel, device and type of visitor. Whose hits were delivered on two days counts as two visitors.
SELECT
    t.event_day, t.channel, t.device, t.visitor_type,
    sum(t.visitors) AS visitors,
    sum(t.sessions) AS sessions,
    sum(t.bounces) AS bounces,
    sum(t.hits) AS hits,
    sum(t.seconds) AS seconds,
    sum(t.product_views) AS product_views,
    sum(t.product_sessions) AS product_sessions,
    sum(t.cart_sessions) AS cart_sessions,
    sum(t.checkout_sessions) AS checkout_sessions,
    sum(t.confirmation_sessions) AS confirmation_sessions,
    sum(t.orders_confirmed) AS orders_confirmed
FROM mart_web_day AS t
JOIN pointer AS p
    ON t.published_in <= p.publication_id AND (t.withdrawn_in IS NULL OR t.withdrawn_in > p.publication_id)
GROUP BY t.event_day, t.channel, t.device, t.visitor_type
