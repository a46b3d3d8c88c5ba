-- en: Through which channels do visitors and customers come, and how many of their visits end with an order?
-- zh: 访客与客户分别通过哪些渠道到来？有多少访问以下单结束？
SELECT
    web.channel,
    sum(CASE WHEN web.visitor_type = 'visitor' THEN web.sessions ELSE 0 END) AS visitor_sessions,
    sum(CASE WHEN web.visitor_type = 'customer' THEN web.sessions ELSE 0 END) AS customer_sessions,
    sum(CASE WHEN web.visitor_type = 'visitor' THEN web.bounces ELSE 0 END) * 1.0
        / nullif(sum(CASE WHEN web.visitor_type = 'visitor' THEN web.sessions ELSE 0 END), 0) AS visitor_bounce_rate,
    sum(CASE WHEN web.visitor_type = 'customer' THEN web.bounces ELSE 0 END) * 1.0
        / nullif(sum(CASE WHEN web.visitor_type = 'customer' THEN web.sessions ELSE 0 END), 0) AS customer_bounce_rate,
    sum(web.cart_sessions) * 1.0 / sum(web.sessions) AS cart_rate,
    sum(web.confirmation_sessions) * 1.0 / sum(web.sessions) AS order_rate
FROM v_mart_web_day AS web
GROUP BY web.channel
ORDER BY sum(web.sessions) DESC, web.channel
