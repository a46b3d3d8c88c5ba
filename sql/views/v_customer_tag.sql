-- The current tags of every customer.
SELECT
    t.customer_id, t.as_of, t.tag, t.tag_group, t.weight
FROM customer_tag AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
