-- The first offers of the shown customers, and the purchase that speaks for each.
SELECT
    recommendation.customer_id, recommendation.rank, recommendation.product_id, recommendation.algorithm,
    recommendation.because_product_id
FROM recommendation
INNER JOIN shown ON shown.customer_id = recommendation.customer_id
WHERE recommendation.rank <= $offers
ORDER BY recommendation.customer_id, recommendation.rank
