-- Quintiles of recency, frequency and monetary value over all customers with an order.
-- Equal values get equal scores: the quintile of the middle of their ranks, 5 is best.
WITH buyer AS (
    SELECT
        customer_id,
        recency_days,
        coalesce(orders_365d, 0) AS orders,
        coalesce(sales_365d, 0) AS sales
    FROM features
    WHERE recency_days IS NOT NULL
),
ranked AS (
    SELECT
        customer_id,
        count(*) OVER () AS customers,
        rank() OVER (ORDER BY recency_days DESC) - 1 AS below_recency,
        count(*) OVER (PARTITION BY recency_days) AS equal_recency,
        rank() OVER (ORDER BY orders) - 1 AS below_orders,
        count(*) OVER (PARTITION BY orders) AS equal_orders,
        rank() OVER (ORDER BY sales) - 1 AS below_sales,
        count(*) OVER (PARTITION BY sales) AS equal_sales
    FROM buyer
)
SELECT
    customer_id,
    1 + CAST(floor(CAST(5 * (2 * below_recency + equal_recency) AS DOUBLE) / (2 * customers)) AS BIGINT) AS rfm_recency,
    1 + CAST(floor(CAST(5 * (2 * below_orders + equal_orders) AS DOUBLE) / (2 * customers)) AS BIGINT) AS rfm_frequency,
    1 + CAST(floor(CAST(5 * (2 * below_sales + equal_sales) AS DOUBLE) / (2 * customers)) AS BIGINT) AS rfm_monetary
FROM ranked
