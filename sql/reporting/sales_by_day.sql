-- Orders and sales by the day they happened, as known at the end of $day.
SELECT
    event_day,
    CAST(sum(orders) AS BIGINT) AS orders,
    sum(sales_amount) AS sales_amount,
    sum(refund_amount) AS refund_amount
FROM order_day
WHERE event_day <= $day
GROUP BY event_day
ORDER BY event_day
