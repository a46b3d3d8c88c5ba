-- Who our customers are.
SELECT
    t.segment_key, t.as_of, t.name_en, t.name_zh, t.customers, t.share, t.sales_share_365d,
    t.sales_per_customer_365d_minor * 1.0 / p.minor_per_unit AS sales_per_customer_365d,
    t.orders_per_customer_365d, t.median_recency_days, t.mean_buy_probability, t.mean_churn_probability,
    t.top_category, t.top_interest, t.preferred_channel, t.online_share_30d, t.summary_en, t.summary_zh, p.currency
FROM persona AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
