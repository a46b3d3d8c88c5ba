-- List prices in another currency, converted by the rate in force; rounded once, half away from zero.
-- Inputs: record (typed records), in_force (rate_in_force.sql). Without a rate a record is rejected.
WITH converted AS (
    SELECT
        r.*,
        r.reason IS NULL AND r.currency <> $project_currency AS is_foreign,
        f.rate,
        TRY_CAST(round(r.price * f.rate, 4) AS DECIMAL(18, 4)) AS new_price
    FROM record AS r
    LEFT JOIN in_force AS f
        ON f.currency = r.currency AND f.event_day = r.event_day AND f.day = r.day AND r.reason IS NULL
)
SELECT
    * EXCLUDE (
        reason, field, price, currency, original_currency, original_price, exchange_rate, is_foreign, rate, new_price
    ),
    CASE
        WHEN is_foreign AND rate IS NULL THEN 'unknown_currency'
        WHEN is_foreign AND ((new_price IS NULL AND price IS NOT NULL)) THEN 'amount_range'
        ELSE reason
    END AS reason,
    CASE
        WHEN is_foreign AND rate IS NULL THEN 'currency'
        WHEN is_foreign AND ((new_price IS NULL AND price IS NOT NULL)) THEN 'price'
        ELSE field
    END AS field,
    CASE WHEN is_foreign THEN new_price ELSE price END AS price,
    CASE WHEN is_foreign THEN $project_currency ELSE currency END AS currency,
    CASE WHEN is_foreign THEN currency END AS original_currency,
    CASE WHEN is_foreign THEN price END AS original_price,
    CASE WHEN is_foreign THEN rate END AS exchange_rate
FROM converted
