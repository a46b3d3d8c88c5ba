-- Propensities of the shown customers.
SELECT prediction.customer_id, prediction.target, prediction.probability, prediction.decile
FROM prediction
INNER JOIN shown ON shown.customer_id = prediction.customer_id
ORDER BY prediction.customer_id, prediction.target
