-- The products offered most often among the first three ranks, by segment.
WITH offered AS (
    SELECT
        membership.segment_key,
        recommendation.product_id,
        count(*) AS customers
    FROM recommendation
    INNER JOIN membership ON membership.customer_id = recommendation.customer_id
    WHERE recommendation.rank <= 3 AND membership.segment_key IS NOT NULL
    GROUP BY membership.segment_key, recommendation.product_id
),
ranked AS (
    SELECT
        segment_key,
        product_id,
        customers,
        row_number() OVER (PARTITION BY segment_key ORDER BY customers DESC, product_id) AS position
    FROM offered
)
SELECT segment_key, product_id, customers, position
FROM ranked
WHERE position <= 3
ORDER BY segment_key, position
