-- Records of one orders source, typed and judged one by one.
-- Inputs: records (text), files, identities, words, limits (by currency), zone (source's local time), business_zone.
-- Amounts are judged in the currency of the line; order_converted.sql converts them where rates are configured.
-- What is wide and can be worked out where it is read is not kept: order_typed.sql.
WITH file AS (
    -- a moment from which on a record of the file would be of the future
    SELECT *, CAST(CASE WHEN $by_event THEN $through ELSE written_day END AS TIMESTAMP) + INTERVAL 1 DAY + INTERVAL 10 MINUTE AS too_new_at
    FROM files
),
local_offset AS (
    SELECT *, offset_seconds * INTERVAL 1 SECOND AS ahead FROM zone
),
business_offset AS (
    SELECT *, offset_seconds * INTERVAL 1 SECOND AS ahead FROM business_zone
),
text AS (
    SELECT
        r.path_no, r.line, r.lenient_quote, r.row_hash, r.product_title, r.order_id, r.product_id, r.account_id, r.email, r.line_no,
        r.reason AS split_reason,
        r.identity,
        f.path, f.sha256, f.day AS arrival_day, f.too_new_at,
        r.ordered_at,
        CASE WHEN r.type IS NULL THEN 'sale' ELSE w.value END AS order_type,
        r.refund_of,
        CASE
            WHEN r.line_type IS NOT NULL THEN c.value
            WHEN $with_charges AND regexp_full_match(lower(r.product_id), $charge_shipping) THEN 'shipping'
            WHEN $with_charges AND regexp_full_match(lower(r.product_id), $charge_tax) THEN 'tax'
            WHEN $with_charges AND regexp_full_match(lower(r.product_id), $charge_fee) THEN 'fee'
            WHEN $with_charges AND regexp_full_match(lower(r.product_id), $charge_discount) THEN 'discount'
            ELSE 'item'
        END AS line_type,
        upper(coalesce(r.currency, $currency)) AS currency,
        r.quantity AS quantity_text, r.unit_price AS price_text, r.discount AS discount_text, r.amount AS amount_text,
        r.version AS version_text,
        CASE WHEN $decimal = '.' THEN r.quantity ELSE replace(r.quantity, $decimal, '.') END AS quantity_number,
        CASE WHEN $decimal = '.' THEN r.unit_price ELSE replace(r.unit_price, $decimal, '.') END AS price_number,
        CASE WHEN $decimal = '.' THEN r.discount ELSE replace(r.discount, $decimal, '.') END AS discount_number,
        CASE WHEN $decimal = '.' THEN r.amount ELSE replace(r.amount, $decimal, '.') END AS amount_number,
        coalesce(l.amount_limit, $amount_limit) AS amount_limit,
        coalesce(l.price_limit, $price_limit) AS price_limit
    FROM records AS r
    JOIN file AS f ON f.path_no = r.path_no
    LEFT JOIN words AS w ON w.field = 'type' AND w.word = lower(r.type)
    LEFT JOIN words AS c ON c.field = 'line_type' AND c.word = lower(r.line_type)
    LEFT JOIN limits AS l ON l.currency = upper(coalesce(r.currency, $currency))
),
number AS (
    SELECT
        *,
        TRY_CAST(CASE WHEN regexp_full_match(quantity_text, $number) THEN quantity_number END AS DECIMAL(18, 4)) AS quantity,
        TRY_CAST(CASE WHEN regexp_full_match(price_text, $number) THEN price_number END AS DECIMAL(18, 4)) AS unit_price,
        TRY_CAST(CASE WHEN regexp_full_match(discount_text, $number) THEN discount_number END AS DECIMAL(18, 4)) AS given_discount,
        TRY_CAST(CASE WHEN regexp_full_match(amount_text, $number) THEN amount_number END AS DECIMAL(18, 4)) AS given_amount,
        TRY_CAST(CASE WHEN regexp_full_match(version_text, '[0-9]{1,15}') THEN version_text END AS BIGINT) AS given_version,
        CAST(try_strptime(ordered_at, $datetime_format) AS TIMESTAMP) AS clock_at
    FROM text
),
clocked AS (
    -- no clock shows a second 60, so a leap second has not been read yet
    SELECT
        * EXCLUDE (clock_at),
        CASE
            WHEN clock_at IS NULL AND $leap_format AND substr(ordered_at, length(ordered_at) - 2) = ':60' THEN TRUE
            ELSE FALSE
        END AS leap_second,
        CASE
            WHEN clock_at IS NULL AND $leap_format AND substr(ordered_at, length(ordered_at) - 2) = ':60' THEN
                CAST(try_strptime(substr(ordered_at, 1, length(ordered_at) - 2) || '59', $datetime_format) AS TIMESTAMP)
            ELSE clock_at
        END AS local_at
    FROM number
),
placed AS (
    SELECT
        n.*,
        -- the patterns are asked again only where a text gave no number
        CASE
            WHEN (quantity IS NULL AND quantity_text IS NOT NULL) OR (unit_price IS NULL AND price_text IS NOT NULL)
                OR (given_discount IS NULL AND discount_text IS NOT NULL) OR (given_amount IS NULL AND amount_text IS NOT NULL)
                OR (given_version IS NULL AND version_text IS NOT NULL)
                THEN regexp_full_match(coalesce(quantity_text, '0'), $number) AND regexp_full_match(coalesce(price_text, '0'), $number)
                    AND regexp_full_match(coalesce(discount_text, '0'), $number)
                    AND regexp_full_match(coalesce(amount_text, '0'), $number)
                    AND regexp_full_match(coalesce(version_text, '0'), '[0-9]{1,15}')
            ELSE TRUE
        END AS is_number,
        z.kind AS zone_kind,
        n.local_at - z.ahead AS event_at
    FROM clocked AS n
    LEFT JOIN local_offset AS z ON n.local_at >= z.valid_from AND n.local_at < z.valid_to
),
dated AS (
    SELECT
        p.*,
        p.event_at + b.ahead AS business_at,
        coalesce(p.given_discount, 0) AS discount,
        -- 19 digits: the product of two decimals of 18 would be cut to 18 and fail
        CAST(p.quantity AS DECIMAL(19, 4)) * p.unit_price
            - CASE WHEN p.order_type = 'refund' THEN -coalesce(p.given_discount, 0) ELSE coalesce(p.given_discount, 0) END
            AS computed
    FROM placed AS p
    LEFT JOIN business_offset AS b ON p.event_at >= b.valid_from AND p.event_at < b.valid_to
),
known AS (
    SELECT
        *,
        CASE
            WHEN $by_event THEN greatest(least(coalesce(event_day, arrival_day), $through), arrival_day)
            ELSE arrival_day
        END AS day,
        coalesce(given_amount, TRY_CAST(round(computed, 4) AS DECIMAL(18, 4))) AS amount
    FROM (SELECT *, CAST(business_at AS DATE) AS event_day FROM dated) AS of_day
),
judged AS (
    SELECT
        *,
        CASE
            WHEN split_reason IS NOT NULL THEN split_reason
            WHEN $with_tests AND (
                regexp_full_match(lower(order_id), $test_order_id) OR regexp_full_match(lower(account_id), $test_account_id)
                OR regexp_full_match(lower(email), $test_email) OR regexp_full_match(lower(product_id), $test_product_id)
            ) THEN 'test_order'
            WHEN (identity IS NULL AND NOT $no_identity) OR order_id IS NULL OR ordered_at IS NULL OR product_id IS NULL
                OR quantity_text IS NULL OR price_text IS NULL THEN 'missing_required'
            WHEN local_at IS NULL THEN 'bad_datetime'
            WHEN NOT is_number THEN
                CASE
                    WHEN regexp_full_match(
                            lower(concat(quantity_number, '|', price_number, '|', discount_number, '|', amount_number)),
                            '(.*\|)?[+-]?(inf|infinity|nan)(\|.*)?'
                        )
                        OR abs(TRY_CAST(quantity_number AS DOUBLE)) > 1e300 OR abs(TRY_CAST(price_number AS DOUBLE)) > 1e300
                        OR abs(TRY_CAST(discount_number AS DOUBLE)) > 1e300 OR abs(TRY_CAST(amount_number AS DOUBLE)) > 1e300
                        THEN 'not_finite'
                    ELSE 'bad_number'
                END
            WHEN order_type IS NULL OR line_type IS NULL THEN 'bad_value'
            WHEN currency <> $project_currency AND NOT $converts THEN 'unknown_currency'
            WHEN zone_kind = 'gap' AND $reject_gap THEN 'dst_gap'
            WHEN zone_kind = 'overlap' AND $reject_overlap THEN 'dst_overlap'
            WHEN business_at >= too_new_at THEN 'future'
            WHEN event_day < $start THEN 'too_old'
            WHEN NOT $by_event AND date_diff('day', event_day, arrival_day) > $redelivery_days THEN 'too_late'
            WHEN line_type <> 'discount'
                AND ((order_type = 'sale' AND quantity < 0) OR (order_type = 'refund' AND quantity > 0)) THEN 'refund_type'
            WHEN quantity IS NULL OR unit_price IS NULL OR (discount_text IS NOT NULL AND given_discount IS NULL)
                OR (amount_text IS NOT NULL AND given_amount IS NULL) OR amount IS NULL
                OR discount < 0 OR abs(quantity) > $quantity_limit OR abs(unit_price) > price_limit
                OR abs(amount) > amount_limit
                -- a discount takes away from a sale and is given back in a refund
                OR (line_type <> 'discount' AND (unit_price < 0 OR (order_type = 'sale' AND amount < 0)
                    OR (order_type = 'refund' AND amount > 0))) THEN 'amount_range'
            WHEN abs(computed - amount) > 0.01 THEN 'amount_mismatch'
        END AS reason
    FROM known
)
SELECT
    j.day,
    j.path_no,
    j.line,
    j.reason,
    CASE
        WHEN j.reason = 'missing_required' THEN
            CASE
                WHEN j.order_id IS NULL THEN 'order_id' WHEN j.ordered_at IS NULL THEN 'ordered_at'
                WHEN j.product_id IS NULL THEN 'product_id' WHEN j.quantity_text IS NULL THEN 'quantity'
                WHEN j.price_text IS NULL THEN 'unit_price' ELSE $key_field
            END
        WHEN j.reason IN ('bad_datetime', 'future', 'too_old', 'too_late', 'dst_gap', 'dst_overlap') THEN 'ordered_at'
        WHEN j.reason IN ('bad_number', 'not_finite', 'amount_range') THEN
            CASE
                WHEN j.quantity IS NULL OR abs(j.quantity) > $quantity_limit THEN 'quantity'
                WHEN j.unit_price IS NULL OR (j.unit_price < 0 AND j.line_type <> 'discount')
                    OR abs(j.unit_price) > j.price_limit THEN 'unit_price'
                WHEN (j.discount_text IS NOT NULL AND j.given_discount IS NULL) OR j.discount < 0 THEN 'discount'
                WHEN j.version_text IS NOT NULL AND j.given_version IS NULL THEN 'version'
                ELSE 'amount'
            END
        WHEN j.reason = 'refund_type' THEN 'quantity'
        WHEN j.reason = 'bad_value' THEN CASE WHEN j.order_type IS NULL THEN 'type' ELSE 'line_type' END
        WHEN j.reason = 'unknown_currency' THEN 'currency'
        WHEN j.reason = 'amount_mismatch' THEN 'amount'
    END AS field,
    j.lenient_quote,
    j.leap_second,
    j.zone_kind = 'gap' AS dst_gap,
    j.zone_kind = 'overlap' AS dst_overlap,
    coalesce(
        j.quantity <> TRY_CAST(j.quantity_number AS DECIMAL(38, 12)) OR j.unit_price <> TRY_CAST(j.price_number AS DECIMAL(38, 12))
        OR j.given_discount <> TRY_CAST(j.discount_number AS DECIMAL(38, 12))
        OR j.given_amount <> TRY_CAST(j.amount_number AS DECIMAL(38, 12)),
        FALSE
    ) AS rounded,
    j.split_reason IS NULL AND a.id IS NULL AS missing_customer,
    j.split_reason IS NULL AND $with_title AND j.product_title IS NULL AS missing_title,
    CASE
        WHEN j.identity IS NOT NULL OR ($no_identity AND j.split_reason IS NULL)
            THEN substr(sha256($source || '|' || coalesce(j.identity, j.sha256 || '|' || CAST(j.line AS VARCHAR))), 1, 32)
    END AS record_id,
    j.order_id,
    j.line_no,
    j.order_type = 'refund' AS is_refund,
    nullif(j.line_type, 'item') AS charge_type,
    CASE WHEN j.order_type = 'refund' THEN j.refund_of END AS refund_of,
    a.id AS account_pseudonym,
    j.account_id,
    m.id AS email_pseudonym,
    j.email,
    j.event_at,
    j.event_day,
    j.product_id,
    j.product_title,
    j.quantity,
    j.unit_price,
    CAST(j.discount AS DECIMAL(18, 4)) AS discount,
    j.amount,
    nullif(j.currency, $currency) AS other_currency,
    coalesce(j.given_version, 0) AS version
FROM judged AS j
LEFT JOIN identities AS a ON a.kind = 'account' AND a.value = j.account_id
LEFT JOIN identities AS m ON m.kind = 'email' AND m.value = j.email
