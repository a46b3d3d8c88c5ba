-- Records of one products source, typed and judged one by one.
-- Inputs: records (text), files, limits (by currency).
WITH text AS (
    SELECT
        r.*, f.path, f.sha256, f.day,
        replace(r.price, $decimal, '.') AS price_number,
        upper(coalesce(r.currency, $currency)) AS currency_code,
        coalesce(l.price_limit, $price_limit) AS price_limit,
        CASE WHEN r.version IS NULL THEN 0
             ELSE TRY_CAST(CASE WHEN regexp_full_match(r.version, '[0-9]{1,15}') THEN r.version END AS BIGINT) END AS version_number
    FROM records AS r
    JOIN files AS f ON f.path_no = r.path_no
    LEFT JOIN limits AS l ON l.currency = upper(coalesce(r.currency, $currency))
),
typed AS (
    SELECT
        *,
        TRY_CAST(CASE WHEN regexp_full_match(price, $number) THEN price_number END AS DECIMAL(18, 4)) AS list_price
    FROM text
),
judged AS (
    SELECT
        *,
        CASE
            WHEN reason IS NOT NULL THEN reason
            WHEN product_id IS NULL OR title IS NULL THEN 'missing_required'
            WHEN regexp_full_match(lower(price_number), '[+-]?(inf|infinity|nan)')
                OR abs(TRY_CAST(price_number AS DOUBLE)) > 1e300 THEN 'not_finite'
            WHEN NOT regexp_full_match(coalesce(price, '0'), $number) OR version_number IS NULL THEN 'bad_number'
            WHEN currency_code <> $project_currency AND NOT $converts THEN 'unknown_currency'
            WHEN (price IS NOT NULL AND list_price IS NULL) OR list_price < 0 OR list_price > price_limit THEN 'amount_range'
        END AS verdict
    FROM typed
)
SELECT
    day, day AS event_day, path, sha256, line,
    verdict AS reason,
    CASE
        WHEN verdict = 'missing_required' AND product_id IS NULL THEN 'product_id'
        WHEN verdict = 'missing_required' THEN 'title'
        WHEN verdict = 'bad_number' AND version_number IS NULL THEN 'version'
        WHEN verdict IN ('not_finite', 'bad_number', 'amount_range') THEN 'price'
        WHEN verdict = 'unknown_currency' THEN 'currency'
    END AS field,
    lenient_quote,
    coalesce(list_price <> TRY_CAST(price_number AS DECIMAL(38, 12)), FALSE) AS rounded,
    $source AS source,
    product_id,
    product_id AS record_id,
    title,
    coalesce(category, 'unknown') AS category,
    brand,
    list_price AS price,
    currency_code AS currency,
    CAST(NULL AS VARCHAR) AS original_currency,
    CAST(NULL AS DECIMAL(18, 4)) AS original_price,
    CAST(NULL AS DECIMAL(20, 12)) AS exchange_rate,
    CAST(NULL AS VARCHAR) AS imputed,
    FALSE AS not_imputed,
    version_number AS version,
    substr(
        sha256(concat(product_id, '|', title, '|', category, '|', brand, '|', list_price, '|', currency_code)), 1, 32
    ) AS content_hash
FROM judged
