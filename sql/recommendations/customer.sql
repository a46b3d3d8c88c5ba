-- Every customer known at the end of $day.
SELECT DISTINCT customer_id
FROM identity_map
WHERE valid_from_day <= $day AND (valid_to_day IS NULL OR valid_to_day >= $day)
ORDER BY customer_id
