-- The current propensities of the eligible customers.
SELECT
    t.customer_id, t.as_of, t.target, t.probability, t.percentile, t.decile, t.model_id
FROM customer_prediction AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
