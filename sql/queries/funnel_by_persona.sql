-- en: Of the sessions of each persona, how many see a product, fill a cart, reach the checkout, and order?
-- zh: 每个画像的访问中，有多少浏览商品、加入购物车、进入结算并下单？
SELECT
    persona.name_en, persona.name_zh,
    count(DISTINCT session.customer_id) AS customers,
    count(*) AS sessions,
    sum(CASE WHEN session.product_views > 0 THEN 1 ELSE 0 END) AS with_product,
    sum(CASE WHEN session.cart_adds > 0 THEN 1 ELSE 0 END) AS with_cart,
    sum(CASE WHEN session.checkouts > 0 THEN 1 ELSE 0 END) AS with_checkout,
    sum(CASE WHEN session.confirmations > 0 THEN 1 ELSE 0 END) AS with_order,
    sum(CASE WHEN session.confirmations > 0 THEN 1 ELSE 0 END) * 1.0 / count(*) AS order_share
FROM v_fct_session AS session
JOIN v_customer_profile AS profile ON profile.customer_id = session.customer_id
JOIN v_persona AS persona ON persona.segment_key = profile.segment_key
GROUP BY persona.segment_key, persona.name_en, persona.name_zh
ORDER BY sessions DESC, persona.name_en
