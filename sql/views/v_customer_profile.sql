-- The current profile of every customer; the features of the catalogue follow when the view is created.
SELECT
    t.customer_id, t.as_of, t.age_band, t.gender, t.region, t.income_band, t.segment_key, t.rfm_segment, t.is_outlier,
    t.recency_days, t.tenure_days, t.orders_365d,
    t.sales_365d_minor * 1.0 / p.minor_per_unit AS sales_365d,
    t.average_order_value_365d_minor * 1.0 / p.minor_per_unit AS average_order_value_365d,
    t.discount_share_365d, t.refund_share_365d, t.favourite_category, t.buy_probability, t.churn_probability,
    t.next_product_id, t.respond_probability, t.is_contactable, t.preferred_channel, t.preferred_daypart,
    t.preferred_device, t.top_interest, t.sessions_30d, t.last_visit_days, t.rating_mean_365d, p.currency
FROM customer_profile AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
