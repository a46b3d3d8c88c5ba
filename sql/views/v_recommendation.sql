-- What to offer each customer next.
SELECT
    t.customer_id, t.as_of, t.rank, t.product_id, t.score, t.algorithm, t.because_product_id
FROM recommendation AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
