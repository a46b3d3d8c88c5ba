-- How many customers are known, have ordered, ordered within 90 days.
SELECT
    count(*) AS customers,
    count(recency_days) AS customers_with_order,
    count(CASE WHEN recency_days < 90 THEN 1 END) AS customers_active
FROM customer_profile
