-- What each identifier did on the web on each day, summed over its sessions.
-- Input: session.
SELECT
    day,
    event_day,
    id_kind,
    id,
    COUNT(*) AS sessions,
    SUM(CASE WHEN hits = 1 THEN 1 ELSE 0 END) AS bounces,
    SUM(hits) AS hits,
    SUM(seconds) AS seconds,
    SUM(product_views) AS product_views,
    SUM(searches) AS searches,
    SUM(cart_adds) AS cart_adds,
    SUM(CASE WHEN cart_adds > 0 THEN 1 ELSE 0 END) AS cart_sessions,
    SUM(CASE WHEN checkouts > 0 THEN 1 ELSE 0 END) AS checkout_sessions,
    SUM(CASE WHEN confirmations > 0 THEN 1 ELSE 0 END) AS confirmation_sessions,
    SUM(CASE WHEN device IN ('mobile', 'tablet') THEN 1 ELSE 0 END) AS mobile_sessions,
    SUM(CASE WHEN hour BETWEEN 20 AND 23 THEN 1 ELSE 0 END) AS evening_sessions,
    SUM(CASE WHEN hour BETWEEN 0 AND 5 THEN 1 ELSE 0 END) AS night_sessions,
    SUM(CASE WHEN channel = 'direct' THEN 1 ELSE 0 END) AS direct_sessions,
    SUM(CASE WHEN channel = 'organic_search' THEN 1 ELSE 0 END) AS search_sessions,
    SUM(CASE WHEN channel = 'organic_social' THEN 1 ELSE 0 END) AS social_sessions,
    SUM(CASE WHEN channel IN ('email', 'sms', 'app', 'paid_search', 'paid_social', 'display') THEN 1 ELSE 0 END)
        AS campaign_sessions
FROM session
GROUP BY day, event_day, id_kind, id
