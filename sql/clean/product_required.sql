-- Catalogue records typed, of which those are refused that lack a field their source cannot do without.
SELECT
    * REPLACE (
        CASE
            WHEN reason IS NULL AND (($drop_category AND category = 'unknown')
                OR ($drop_brand AND brand IS NULL)
                OR ($drop_price AND price IS NULL)) THEN 'missing_required'
            ELSE reason
        END AS reason,
        CASE
            WHEN reason IS NOT NULL THEN field
            WHEN $drop_category AND category = 'unknown' THEN 'category'
            WHEN $drop_brand AND brand IS NULL THEN 'brand'
            WHEN $drop_price AND price IS NULL THEN 'price'
        END AS field
    )
FROM record
