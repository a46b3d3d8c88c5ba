-- en: How much did each persona buy in each month, by the persona customers belong to today?
-- zh: 按客户当前所属画像统计，每个画像每月的销售额是多少？
SELECT
    persona.name_en, persona.name_zh, calendar.month_name,
    count(DISTINCT daily.customer_id) AS customers,
    sum(daily.orders) AS orders,
    sum(daily.sales_amount) AS sales,
    sum(daily.refund_amount) AS refunds
FROM v_fct_customer_daily AS daily
JOIN v_dim_date AS calendar ON calendar.day = daily.event_day
JOIN v_customer_profile AS profile ON profile.customer_id = daily.customer_id
JOIN v_persona AS persona ON persona.segment_key = profile.segment_key
GROUP BY persona.segment_key, persona.name_en, persona.name_zh, calendar.month_name
ORDER BY calendar.month_name, sales DESC, persona.name_en
