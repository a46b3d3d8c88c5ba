-- The wide profile: what is known of every customer at the end of the day, one row each.
WITH score AS (
    SELECT
        customer_id,
        max(CASE WHEN target = 'buy_30d' THEN probability END) AS buy_probability,
        max(CASE WHEN target = 'churn_60d' THEN probability END) AS churn_probability,
        max(CASE WHEN target = 'respond_30d' THEN probability END) AS respond_probability
    FROM prediction
    GROUP BY customer_id
),
offer AS (
    SELECT
        customer_id,
        product_id
    FROM recommendation
    WHERE "rank" = 1
),
answer AS (
    SELECT
        customer_id,
        coalesce(consent_marketing, true) AS is_contactable,
        CASE WHEN contacts_app_365d > 0 THEN response_share_app_365d ELSE -1 END AS app,
        CASE WHEN contacts_email_365d > 0 THEN response_share_email_365d ELSE -1 END AS email,
        CASE WHEN contacts_sms_365d > 0 THEN response_share_sms_365d ELSE -1 END AS sms,
        CASE WHEN contacts_wechat_365d > 0 THEN response_share_wechat_365d ELSE -1 END AS wechat
    FROM features
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
    offer.product_id AS next_product_id,
    score.respond_probability,
    answer.is_contactable,
    CASE
        WHEN NOT answer.is_contactable OR greatest(answer.app, answer.email, answer.sms, answer.wechat) < 0 THEN NULL
        WHEN answer.app = greatest(answer.app, answer.email, answer.sms, answer.wechat) THEN 'app'
        WHEN answer.email = greatest(answer.email, answer.sms, answer.wechat) THEN 'email'
        WHEN answer.sms = greatest(answer.sms, answer.wechat) THEN 'sms'
        ELSE 'wechat'
    END AS preferred_channel,
    features.preferred_daypart,
    features.preferred_device,
    features.top_interest,
    features.sessions_30d,
    features.last_visit_days,
    features.rating_mean_365d
FROM features
INNER JOIN answer ON answer.customer_id = features.customer_id
LEFT JOIN membership ON membership.customer_id = features.customer_id
LEFT JOIN score ON score.customer_id = features.customer_id
LEFT JOIN offer ON offer.customer_id = features.customer_id
