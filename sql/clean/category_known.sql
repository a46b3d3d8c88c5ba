-- Since when each category is known.
SELECT category, min(day) AS day FROM product WHERE category <> 'unknown' GROUP BY category ORDER BY category
