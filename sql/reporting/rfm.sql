-- Customers by recency and frequency quintile and by RFM name.
SELECT
    rfm_recency,
    rfm_frequency,
    rfm_segment,
    count(*) AS customers
FROM membership
WHERE rfm_segment IS NOT NULL
GROUP BY rfm_recency, rfm_frequency, rfm_segment
ORDER BY rfm_recency, rfm_frequency, rfm_segment
