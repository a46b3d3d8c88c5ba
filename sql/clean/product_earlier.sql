-- The newest catalogue record of every product before the window; rows made from order lines are none.
WITH catalogue AS (
    SELECT * FROM earlier WHERE substr(content_hash, 1, 6) <> 'title-'
),
newest AS (
    SELECT product_id, max(day) AS day FROM catalogue GROUP BY product_id
)
SELECT c.day, c.product_id AS record_id, c.content_hash
FROM catalogue AS c
JOIN newest AS n ON n.product_id = c.product_id AND n.day = c.day
