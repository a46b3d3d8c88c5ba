-- en: Of the customers who first bought in a month, what share bought again on a later day, and what share within three months?
-- zh: 按首购月份分组，有多少比例的客户在之后再次购买？其中三个月内再次购买的比例是多少？
WITH purchase AS (
    SELECT daily.customer_id, calendar.day_number, calendar.month_name
    FROM v_fct_customer_daily AS daily
    JOIN v_dim_date AS calendar ON calendar.day = daily.event_day
    WHERE daily.orders > 0
),
ordered AS (
    SELECT
        customer_id, day_number, month_name,
        row_number() OVER (PARTITION BY customer_id ORDER BY day_number) AS position,
        lead(day_number) OVER (PARTITION BY customer_id ORDER BY day_number) AS next_day_number
    FROM purchase
)
SELECT
    month_name AS cohort_month,
    count(*) AS customers,
    sum(CASE WHEN next_day_number IS NOT NULL THEN 1 ELSE 0 END) AS repeated,
    sum(CASE WHEN next_day_number IS NOT NULL THEN 1 ELSE 0 END) * 1.0 / count(*) AS repeat_share,
    sum(CASE WHEN next_day_number - day_number <= 90 THEN 1 ELSE 0 END) * 1.0 / count(*) AS repeat_share_90d
FROM ordered
WHERE position = 1
GROUP BY month_name
ORDER BY month_name
