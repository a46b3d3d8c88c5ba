-- The map with numbers: identifiers in the order of kind and id, customers in the order of their id.
SELECT
    day,
    id_kind,
    id,
    customer_id,
    dense_rank() OVER (ORDER BY id_kind, id) AS id_no,
    dense_rank() OVER (ORDER BY customer_id) AS customer_no
FROM "map"
