-- The categories that say something about customers: bought by at least $share of the buyers, at most $limit of them.
WITH bought AS (
    SELECT
        category,
        count(DISTINCT customer_id) AS customers
    FROM purchase
    GROUP BY category
),
buyer AS (
    SELECT count(DISTINCT customer_id) AS customers
    FROM purchase
),
ranked AS (
    SELECT
        bought.category,
        row_number() OVER (ORDER BY bought.customers DESC, bought.category) AS position
    FROM bought
    CROSS JOIN buyer
    WHERE bought.customers >= $share * buyer.customers
)
SELECT category
FROM ranked
WHERE position <= $limit
ORDER BY category
