-- The wide profile: what is known of every customer at the end of the day, one row each.
WITH score AS (
    SELECT
        customer_id,
        max(CASE WHEN target = 'buy_30d' THEN probability END) AS buy_probability,
        max(CASE WHEN target = 'churn_60d' THEN probability END) AS churn_probability
    FROM prediction
    GROUP BY customer_id
),
offer AS (
    SELECT
        customer_id,
        product_id
    FROM recommendation
    WHERE "rank" = 1
)
SELECT
    features.day,
    features.as_of,
    features.customer_id,
    features.age_band,
    features.gender,
    features.region,
    features.income_band,
    membership.segment_key,
    membership.rfm_segment,
    coalesce(membership.is_outlier, false) AS is_outlier,
    features.recency_days,
    features.tenure_days,
    coalesce(features.orders_365d, 0) AS orders_365d,
    coalesce(features.sales_365d, 0) AS sales_365d,
    features.average_order_value_365d,
    features.discount_share_365d,
    features.refund_share_365d,
    features.favourite_category,
    score.buy_probability,
    score.churn_probability,
    offer.product_id AS next_product_id
FROM features
LEFT JOIN membership ON membership.customer_id = features.customer_id
LEFT JOIN score ON score.customer_id = features.customer_id
LEFT JOIN offer ON offer.customer_id = features.customer_id
