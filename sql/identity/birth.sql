-- Years of birth as they became known, for records that stand in the graph; 0 for unknown. A year that was
-- filled says nothing of who somebody is.
WITH version AS (
    SELECT
        node.code,
        customer.day,
        CASE
            WHEN REGEXP_FULL_MATCH(COALESCE(customer.imputed, ''), '(.*,)?birth_year:.*') THEN 0
            ELSE COALESCE(customer.birth_year, 0)
        END AS birth_year
    FROM customer
    INNER JOIN node ON node.id_kind = customer.id_kind AND node.id = customer.id
),

compared AS (
    SELECT
        code, day, birth_year,
        LAG(birth_year) OVER (PARTITION BY code ORDER BY day) AS birth_year_before
    FROM version
)

SELECT code, day, birth_year
FROM compared
WHERE COALESCE(birth_year_before, 0) <> birth_year
ORDER BY code, day
