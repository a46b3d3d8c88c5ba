-- Records of one rates source, typed and judged one by one.
-- Inputs: records (text), files.
-- A rate of a history export is known on its date. Rates for the day after their delivery are usual; later ones are not.
WITH text AS (
    SELECT
        r.line, r.lenient_quote, r.reason AS split_reason, upper(r.currency) AS currency, r.rate_on AS date_text, r.rate AS rate_text,
        f.path, f.sha256, f.day AS arrival_day, f.written_day,
        CAST(try_strptime(r.rate_on, $date_format) AS DATE) AS rate_on,
        replace(r.rate, $decimal, '.') AS rate_number,
        CASE WHEN r.version IS NULL THEN 0
             ELSE TRY_CAST(CASE WHEN regexp_full_match(r.version, '[0-9]{1,15}') THEN r.version END AS BIGINT) END AS version
    FROM records AS r
    JOIN files AS f ON f.path_no = r.path_no
),
typed AS (
    SELECT
        *,
        TRY_CAST(CASE WHEN regexp_full_match(rate_text, $number) THEN rate_number END AS DECIMAL(20, 12)) AS rate,
        CASE
            WHEN $by_event THEN greatest(least(coalesce(rate_on, arrival_day), $through), arrival_day)
            ELSE arrival_day
        END AS day,
        CASE WHEN $by_event THEN $through ELSE written_day END AS last_known_day
    FROM text
),
judged AS (
    SELECT
        *,
        CASE
            WHEN split_reason IS NOT NULL THEN split_reason
            WHEN currency IS NULL OR date_text IS NULL OR rate_text IS NULL THEN 'missing_required'
            WHEN rate_on IS NULL THEN 'bad_datetime'
            WHEN regexp_full_match(lower(rate_number), '[+-]?(inf|infinity|nan)')
                OR abs(TRY_CAST(rate_number AS DOUBLE)) > 1e300 THEN 'not_finite'
            WHEN NOT regexp_full_match(rate_text, $number) OR version IS NULL THEN 'bad_number'
            WHEN NOT regexp_full_match(currency, '[A-Z]{3}') OR (currency = $project_currency AND rate <> 1) THEN 'bad_value'
            WHEN date_diff('day', last_known_day, rate_on) > 1 THEN 'future'
            WHEN rate IS NULL OR rate <= 0 THEN 'amount_range'
        END AS reason
    FROM typed
)
SELECT
    day, path, sha256, line, reason,
    CASE
        WHEN reason = 'missing_required' AND currency IS NULL THEN 'currency'
        WHEN reason = 'missing_required' AND date_text IS NULL THEN 'rate_on'
        WHEN reason IN ('bad_datetime', 'future') THEN 'rate_on'
        WHEN reason = 'bad_number' AND version IS NULL THEN 'version'
        WHEN reason IN ('missing_required', 'not_finite', 'bad_number', 'amount_range') THEN 'rate'
        WHEN reason = 'bad_value' AND currency = $project_currency THEN 'rate'
        WHEN reason = 'bad_value' THEN 'currency'
    END AS field,
    lenient_quote,
    coalesce(rate <> TRY_CAST(rate_number AS DECIMAL(38, 18)), FALSE) AS rounded,
    $source AS source,
    concat(currency, '|', rate_on) AS record_id,
    currency, rate_on, rate, version,
    substr(sha256(concat(currency, '|', rate_on, '|', rate)), 1, 32) AS content_hash
FROM judged
