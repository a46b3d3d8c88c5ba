-- Tags to select customers by; the thresholds are parameters, the vocabulary is profiles/tags.py.
-- lifecycle needs no model; risk and intent are the top fifth of the scored customers.
WITH ranked AS (
    SELECT
        customer_id,
        discount_share_365d,
        rank() OVER (ORDER BY discount_share_365d) - 1 AS below,
        count(*) OVER (PARTITION BY discount_share_365d) AS equal,
        count(*) OVER () AS customers
    FROM profile
    WHERE discount_share_365d IS NOT NULL
),
tagged AS (
    SELECT
        customer_id,
        'lifecycle' AS tag_group,
        CASE
            WHEN recency_days IS NULL THEN 'prospect'
            WHEN recency_days > $lost_days THEN 'lost'
            WHEN recency_days > $lapsing_days THEN 'lapsing'
            WHEN tenure_days <= $new_days THEN 'new'
            ELSE 'active'
        END AS tag_value,
        1.0 AS weight
    FROM profile
    UNION ALL
    SELECT customer_id, 'rfm', rfm_segment, 1.0
    FROM profile
    WHERE rfm_segment IS NOT NULL
    UNION ALL
    SELECT customer_id, 'segment', segment_key, CASE WHEN is_outlier THEN 0.5 ELSE 1.0 END
    FROM profile
    WHERE segment_key IS NOT NULL
    UNION ALL
    SELECT customer_id, 'category', favourite_category, 1.0
    FROM profile
    WHERE favourite_category IS NOT NULL
    UNION ALL
    SELECT
        customer_id,
        'value',
        CASE WHEN rfm_monetary = 5 THEN 'high' WHEN rfm_monetary >= 3 THEN 'medium' ELSE 'low' END,
        1.0
    FROM membership
    WHERE rfm_monetary IS NOT NULL
    UNION ALL
    SELECT customer_id, 'discount', 'seeker', least(discount_share_365d, 1.0)
    FROM ranked
    WHERE discount_share_365d >= $discount_share AND 5 * (2 * below + equal) >= 8 * customers
    UNION ALL
    SELECT customer_id, 'refund', 'frequent', least(refund_share_365d, 1.0)
    FROM profile
    WHERE refund_share_365d >= $refund_share
    UNION ALL
    SELECT
        customer_id,
        CASE WHEN target = 'churn_60d' THEN 'risk' ELSE 'intent' END,
        CASE
            WHEN target = 'buy_30d' THEN 'buy_high'
            WHEN target = 'respond_30d' THEN 'respond_high'
            ELSE 'churn_high'
        END,
        probability
    FROM prediction
    WHERE target IN ('buy_30d', 'churn_60d', 'respond_30d') AND decile <= 2
    UNION ALL
    SELECT customer_id, 'channel', preferred_channel, 1.0
    FROM profile
    WHERE preferred_channel IS NOT NULL
    UNION ALL
    SELECT customer_id, 'contact', 'declined', 1.0
    FROM profile
    WHERE NOT is_contactable
    UNION ALL
    SELECT customer_id, 'contact', 'often', 1.0
    FROM features
    WHERE contacts_30d >= $contacts
    UNION ALL
    SELECT customer_id, 'daypart', preferred_daypart, preferred_daypart_share
    FROM features
    WHERE preferred_daypart IS NOT NULL
    UNION ALL
    SELECT customer_id, 'device', preferred_device, 1.0
    FROM profile
    WHERE preferred_device IS NOT NULL
    UNION ALL
    SELECT customer_id, 'interest', top_interest, top_interest_share
    FROM features
    WHERE top_interest IS NOT NULL
    UNION ALL
    SELECT
        customer_id,
        'sentiment',
        CASE
            WHEN sentiment_mean_365d <= -$sentiment THEN 'negative'
            WHEN sentiment_mean_365d >= $sentiment THEN 'positive'
            ELSE 'neutral'
        END,
        1.0
    FROM features
    WHERE sentiment_mean_365d IS NOT NULL
    UNION ALL
    SELECT customer_id, 'need', 'open_cart', 1.0
    FROM features
    WHERE products_carted_not_bought_30d > 0
)
SELECT
    profile.day,
    profile.as_of,
    tagged.customer_id,
    tagged.tag_group || ':' || tagged.tag_value AS tag,
    tagged.tag_group,
    CAST(tagged.weight AS DOUBLE) AS weight
FROM tagged
INNER JOIN profile ON profile.customer_id = tagged.customer_id
