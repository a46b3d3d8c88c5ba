-- The catalogue.
SELECT
    t.product_id, t.title, t.category, t.brand, t.price_minor * 1.0 / p.minor_per_unit AS price, t.currency
FROM dim_product AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
