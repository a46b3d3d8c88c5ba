-- Customers' records typed, of which those are refused that lack a field their source cannot do without.
SELECT
    * REPLACE (
        CASE
            WHEN reason IS NULL AND (($drop_birth_year AND birth_year IS NULL)
                OR ($drop_gender AND gender = 'unknown')
                OR ($drop_region AND region = 'unknown')
                OR ($drop_income_band AND income_band = 'unknown')) THEN 'missing_required'
            ELSE reason
        END AS reason,
        CASE
            WHEN reason IS NOT NULL THEN field
            WHEN $drop_birth_year AND birth_year IS NULL THEN 'birth_year'
            WHEN $drop_gender AND gender = 'unknown' THEN 'gender'
            WHEN $drop_region AND region = 'unknown' THEN 'region'
            WHEN $drop_income_band AND income_band = 'unknown' THEN 'income_band'
        END AS field
    )
FROM record
