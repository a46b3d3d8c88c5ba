-- The profile of every customer. The columns of the feature catalogue are added to the list when the mart is built.
SELECT
    profile.as_of, profile.customer_id, profile.age_band, profile.gender, profile.region, profile.income_band,
    profile.segment_key, profile.rfm_segment, profile.is_outlier, profile.recency_days, profile.tenure_days,
    profile.orders_365d, profile.sales_365d, profile.average_order_value_365d, profile.discount_share_365d,
    profile.refund_share_365d, profile.favourite_category, profile.buy_probability, profile.churn_probability,
    profile.next_product_id, profile.respond_probability, profile.is_contactable, profile.preferred_channel,
    profile.preferred_daypart, profile.preferred_device, profile.top_interest, profile.sessions_30d,
    profile.last_visit_days, profile.rating_mean_365d
FROM profiles_customer_profile AS profile
LEFT JOIN features_customer AS feature ON feature.customer_id = profile.customer_id
ORDER BY profile.customer_id
