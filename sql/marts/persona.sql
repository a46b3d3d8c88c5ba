SELECT
    as_of, segment_key, name_en, name_zh, customers, share, sales_share_365d, sales_per_customer_365d,
    orders_per_customer_365d, median_recency_days, mean_buy_probability, mean_churn_probability, top_category,
    top_interest, preferred_channel, online_share_30d, summary_en, summary_zh
FROM profiles_persona
ORDER BY segment_key
