-- Customers' records with missing fields filled as declared; `imputed` says which and how, `not_imputed`
-- that a value was to be filled and could not be.
-- Inputs: outcome, filling (source, day, each field as text and how it is filled), predicted (day, record_id, each field
-- as text).
WITH told AS (
    SELECT
        o.*,
        CASE
            WHEN o.outcome = 'clean' AND o.birth_year IS NULL
                THEN CAST(coalesce(f.birth_year, p.birth_year) AS BIGINT)
        END AS birth_year_value,
        CASE WHEN o.outcome = 'clean' AND o.birth_year IS NULL THEN f.birth_year_how END AS birth_year_how,
        CASE WHEN o.outcome = 'clean' AND o.gender = 'unknown' THEN coalesce(f.gender, p.gender) END AS gender_value,
        CASE WHEN o.outcome = 'clean' AND o.gender = 'unknown' THEN f.gender_how END AS gender_how,
        CASE WHEN o.outcome = 'clean' AND o.region = 'unknown' THEN coalesce(f.region, p.region) END AS region_value,
        CASE WHEN o.outcome = 'clean' AND o.region = 'unknown' THEN f.region_how END AS region_how,
        CASE
            WHEN o.outcome = 'clean' AND o.income_band = 'unknown'
                THEN coalesce(f.income_band, p.income_band)
        END AS income_band_value,
        CASE WHEN o.outcome = 'clean' AND o.income_band = 'unknown' THEN f.income_band_how END AS income_band_how
    FROM outcome AS o
    LEFT JOIN filling AS f ON f.source = o.source AND f.day = o.day
    LEFT JOIN predicted AS p ON p.day = o.day AND p.record_id = o.record_id
)
SELECT
    * EXCLUDE (
        birth_year_value, birth_year_how, gender_value, gender_how,
        region_value, region_how, income_band_value, income_band_how
    ) REPLACE (
        coalesce(birth_year_value, birth_year) AS birth_year,
        coalesce(gender_value, gender) AS gender,
        coalesce(region_value, region) AS region,
        coalesce(income_band_value, income_band) AS income_band,
        nullif(
            substr(concat(
                CASE WHEN birth_year_value IS NOT NULL THEN ',birth_year:' || birth_year_how ELSE '' END,
                CASE WHEN gender_value IS NOT NULL THEN ',gender:' || gender_how ELSE '' END,
                CASE WHEN region_value IS NOT NULL THEN ',region:' || region_how ELSE '' END,
                CASE WHEN income_band_value IS NOT NULL THEN ',income_band:' || income_band_how ELSE '' END
            ), 2), ''
        ) AS imputed,
        (birth_year_how IS NOT NULL AND birth_year_value IS NULL)
            OR (gender_how IS NOT NULL AND gender_value IS NULL)
            OR (region_how IS NOT NULL AND region_value IS NULL)
            OR (income_band_how IS NOT NULL AND income_band_value IS NULL) AS not_imputed
    )
FROM told
