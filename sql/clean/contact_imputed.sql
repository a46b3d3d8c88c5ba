-- Contact records with missing fields filled as declared; `imputed` says which and how, `not_imputed`
-- that a value was to be filled and could not be.
-- Inputs: outcome, filling (source, day, each field as text and how it is filled).
WITH told AS (
    SELECT
        o.*,
        CASE WHEN o.outcome = 'clean' AND o.without_cost THEN CAST(f.cost AS DECIMAL(18, 4)) END AS cost_value,
        CASE WHEN o.outcome = 'clean' AND o.without_cost THEN f.cost_how END AS cost_how,
        CASE WHEN o.outcome = 'clean' AND o.channel = 'unknown' THEN f.channel END AS channel_value,
        CASE WHEN o.outcome = 'clean' AND o.channel = 'unknown' THEN f.channel_how END AS channel_how
    FROM outcome AS o
    LEFT JOIN filling AS f ON f.source = o.source AND f.day = o.day
)
SELECT
    * EXCLUDE (cost_value, cost_how, channel_value, channel_how) REPLACE (
        coalesce(cost_value, cost) AS cost,
        coalesce(channel_value, channel) AS channel,
        nullif(
            substr(concat(
                CASE WHEN cost_value IS NOT NULL THEN ',cost:' || cost_how ELSE '' END,
                CASE WHEN channel_value IS NOT NULL THEN ',channel:' || channel_how ELSE '' END
            ), 2), ''
        ) AS imputed,
        (cost_how IS NOT NULL AND cost_value IS NULL)
            OR (channel_how IS NOT NULL AND channel_value IS NULL) AS not_imputed
    )
FROM told
