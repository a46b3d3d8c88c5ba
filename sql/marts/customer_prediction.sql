SELECT as_of, customer_id, target, probability, percentile, decile, model_id
FROM scores_prediction
ORDER BY customer_id, target
