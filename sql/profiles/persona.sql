-- One row per segment in force, as it is on the day. Shares are of all customers with a segment.
WITH total AS (
    SELECT
        count(*) AS customers,
        sum(sales_365d) AS sales
    FROM profile
    WHERE segment_key IS NOT NULL
),
member AS (
    SELECT
        segment_key,
        count(*) AS customers,
        sum(sales_365d) AS sales,
        sum(orders_365d) AS orders,
        median(recency_days) AS median_recency_days,
        sum(CAST(buy_probability AS DECIMAL(18, 12))) AS buy,
        count(buy_probability) AS buy_scored,
        sum(CAST(churn_probability AS DECIMAL(18, 12))) AS churn,
        count(churn_probability) AS churn_scored,
        sum(CASE WHEN sessions_30d > 0 THEN 1 ELSE 0 END) AS online,
        count(sessions_30d) AS observed
    FROM profile
    WHERE segment_key IS NOT NULL
    GROUP BY segment_key
),
category AS (
    SELECT
        segment_key,
        favourite_category,
        row_number() OVER (PARTITION BY segment_key ORDER BY count(*) DESC, favourite_category) AS position
    FROM profile
    WHERE segment_key IS NOT NULL AND favourite_category IS NOT NULL
    GROUP BY segment_key, favourite_category
),
interest AS (
    SELECT
        segment_key,
        top_interest,
        row_number() OVER (PARTITION BY segment_key ORDER BY count(*) DESC, top_interest) AS position
    FROM profile
    WHERE segment_key IS NOT NULL AND top_interest IS NOT NULL
    GROUP BY segment_key, top_interest
),
channel AS (
    SELECT
        segment_key,
        preferred_channel,
        row_number() OVER (PARTITION BY segment_key ORDER BY count(*) DESC, preferred_channel) AS position
    FROM profile
    WHERE segment_key IS NOT NULL AND preferred_channel IS NOT NULL
    GROUP BY segment_key, preferred_channel
)
SELECT
    CAST($day AS DATE) AS day,
    CAST($day AS DATE) AS as_of,
    segment.segment_key,
    segment.name_en,
    segment.name_zh,
    coalesce(member.customers, 0) AS customers,
    coalesce(CAST(member.customers AS DOUBLE) / total.customers, 0) AS share,
    CAST(coalesce(member.sales, 0) AS DOUBLE) / CAST(nullif(total.sales, 0) AS DOUBLE) AS sales_share_365d,
    CAST(member.sales AS DOUBLE) / member.customers AS sales_per_customer_365d,
    CAST(member.orders AS DOUBLE) / member.customers AS orders_per_customer_365d,
    member.median_recency_days,
    CAST(member.buy AS DOUBLE) / nullif(member.buy_scored, 0) AS mean_buy_probability,
    CAST(member.churn AS DOUBLE) / nullif(member.churn_scored, 0) AS mean_churn_probability,
    category.favourite_category AS top_category,
    interest.top_interest,
    channel.preferred_channel,
    CAST(member.online AS DOUBLE) / nullif(member.observed, 0) AS online_share_30d,
    summary.summary_en,
    summary.summary_zh
FROM segment
INNER JOIN summary ON summary.segment_key = segment.segment_key
CROSS JOIN total
LEFT JOIN member ON member.segment_key = segment.segment_key
LEFT JOIN category ON category.segment_key = segment.segment_key AND category.position = 1
LEFT JOIN interest ON interest.segment_key = segment.segment_key AND interest.position = 1
LEFT JOIN channel ON channel.segment_key = segment.segment_key AND channel.position = 1
