SELECT as_of, customer_id, tag, tag_group, weight
FROM profiles_customer_tag
ORDER BY customer_id, tag
