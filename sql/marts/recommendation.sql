SELECT as_of, customer_id, rank, product_id, score, algorithm, because_product_id
FROM recommendations_recommendation
ORDER BY customer_id, rank
