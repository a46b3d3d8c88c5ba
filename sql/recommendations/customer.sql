-- Every customer known at the end of $day.
WITH membership AS (
    SELECT
        customer_id,
        row_number() OVER (PARTITION BY id_kind, id ORDER BY day DESC) AS newest
    FROM identity_map
    WHERE day <= $day
)
SELECT DISTINCT customer_id
FROM membership
WHERE newest = 1 AND customer_id IS NOT NULL
ORDER BY customer_id
