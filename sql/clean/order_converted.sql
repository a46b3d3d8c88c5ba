-- Order lines in another currency, converted by the rate in force; rounded once, half away from zero.
-- Inputs: record (typed records), in_force (rate_in_force.sql). Without a rate a record is rejected.
WITH converted AS (
    SELECT
        r.*,
        r.reason IS NULL AND r.currency <> $project_currency AS is_foreign,
        f.rate,
        TRY_CAST(round(r.unit_price * f.rate, 4) AS DECIMAL(18, 4)) AS new_unit_price,
        TRY_CAST(round(r.discount * f.rate, 4) AS DECIMAL(18, 4)) AS new_discount,
        TRY_CAST(round(r.amount * f.rate, 4) AS DECIMAL(18, 4)) AS new_amount
    FROM record AS r
    LEFT JOIN in_force AS f
        ON f.currency = r.currency AND f.event_day = r.event_day AND f.day = r.day AND r.reason IS NULL
)
SELECT
    * EXCLUDE (
        reason, field, unit_price, discount, amount, currency, original_currency, original_amount, exchange_rate,
        is_foreign, rate, new_unit_price, new_discount, new_amount
    ),
    CASE
        WHEN is_foreign AND rate IS NULL THEN 'unknown_currency'
        WHEN is_foreign AND (new_unit_price IS NULL OR new_discount IS NULL OR new_amount IS NULL) THEN 'amount_range'
        ELSE reason
    END AS reason,
    CASE
        WHEN is_foreign AND rate IS NULL THEN 'currency'
        WHEN is_foreign AND (new_unit_price IS NULL OR new_discount IS NULL OR new_amount IS NULL) THEN 'amount'
        ELSE field
    END AS field,
    CASE WHEN is_foreign THEN new_unit_price ELSE unit_price END AS unit_price,
    CASE WHEN is_foreign THEN new_discount ELSE discount END AS discount,
    CASE WHEN is_foreign THEN new_amount ELSE amount END AS amount,
    CASE WHEN is_foreign THEN $project_currency ELSE currency END AS currency,
    CASE WHEN is_foreign THEN currency END AS original_currency,
    CASE WHEN is_foreign THEN amount END AS original_amount,
    CASE WHEN is_foreign THEN rate END AS exchange_rate
FROM converted
