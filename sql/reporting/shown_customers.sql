-- The customers that the report can look up: all of them, or those with the highest sales.
SELECT
    customer_id, age_band, gender, region, income_band, segment_key, rfm_segment, is_outlier, recency_days, tenure_days,
    orders_365d, sales_365d, average_order_value_365d, discount_share_365d, refund_share_365d, favourite_category
FROM customer_profile
ORDER BY sales_365d DESC, customer_id
LIMIT $customers
