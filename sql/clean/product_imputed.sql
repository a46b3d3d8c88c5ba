-- Catalogue records with missing fields filled as declared; `imputed` says which and how, `not_imputed`
-- that a value was to be filled and could not be.
-- Inputs: outcome, filling (source, day, each field as text and how it is filled).
WITH told AS (
    SELECT
        o.*,
        CASE WHEN o.outcome = 'clean' AND o.category = 'unknown' THEN f.category END AS category_value,
        CASE WHEN o.outcome = 'clean' AND o.category = 'unknown' THEN f.category_how END AS category_how,
        CASE WHEN o.outcome = 'clean' AND o.brand IS NULL THEN f.brand END AS brand_value,
        CASE WHEN o.outcome = 'clean' AND o.brand IS NULL THEN f.brand_how END AS brand_how,
        CASE WHEN o.outcome = 'clean' AND o.price IS NULL THEN CAST(f.price AS DECIMAL(18, 4)) END AS price_value,
        CASE WHEN o.outcome = 'clean' AND o.price IS NULL THEN f.price_how END AS price_how
    FROM outcome AS o
    LEFT JOIN filling AS f ON f.source = o.source AND f.day = o.day
)
SELECT
    * EXCLUDE (category_value, category_how, brand_value, brand_how, price_value, price_how) REPLACE (
        coalesce(category_value, category) AS category,
        coalesce(brand_value, brand) AS brand,
        coalesce(price_value, price) AS price,
        nullif(
            substr(concat(
                CASE WHEN category_value IS NOT NULL THEN ',category:' || category_how ELSE '' END,
                CASE WHEN brand_value IS NOT NULL THEN ',brand:' || brand_how ELSE '' END,
                CASE WHEN price_value IS NOT NULL THEN ',price:' || price_how ELSE '' END
            ), 2), ''
        ) AS imputed,
        (category_how IS NOT NULL AND category_value IS NULL)
            OR (brand_how IS NOT NULL AND brand_value IS NULL)
            OR (price_how IS NOT NULL AND price_value IS NULL) AS not_imputed
    )
FROM told
