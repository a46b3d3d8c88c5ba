-- Contact records typed, of which those are refused that lack a field their source cannot do without.
SELECT
    * REPLACE (
        CASE
            WHEN reason IS NULL AND (($drop_cost AND without_cost)
                OR ($drop_channel AND channel = 'unknown')) THEN 'missing_required'
            ELSE reason
        END AS reason,
        CASE
            WHEN reason IS NOT NULL THEN field
            WHEN $drop_cost AND without_cost THEN 'cost'
            WHEN $drop_channel AND channel = 'unknown' THEN 'channel'
        END AS field
    )
FROM record
