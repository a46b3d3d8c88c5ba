SELECT tag, tag_group, CAST(count(*) AS BIGINT) AS customers
FROM profiles_customer_tag
GROUP BY tag, tag_group
ORDER BY tag
