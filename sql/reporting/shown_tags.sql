-- Tags of the shown customers.
SELECT customer_tag.customer_id, customer_tag.tag, customer_tag.weight
FROM customer_tag
INNER JOIN shown ON shown.customer_id = customer_tag.customer_id
ORDER BY customer_tag.customer_id, customer_tag.tag
