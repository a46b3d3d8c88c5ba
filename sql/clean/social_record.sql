-- Records of one social source (posts and reviews), typed and judged one by one.
-- Inputs: records (text), files, identities, words, zone (source's local time), business_zone.
-- A source whose records carry no time (event_time = 'delivery') has them at noon of the day of their delivery.
WITH text AS (
    SELECT
        r.line, r.lenient_quote, r.identity, r.reason AS split_reason, r.text, r.product_id, r.account_id, r.handle, r.posted_at,
        f.path, f.sha256, f.day AS arrival_day,
        r.rating AS rating_text, r.version AS version_text,
        CASE WHEN r.type IS NULL THEN $post_type ELSE w.value END AS post_type,
        TRY_CAST(CASE WHEN regexp_full_match(r.rating, $number) THEN replace(r.rating, $decimal, '.') END AS DECIMAL(18, 4))
            AS rating_number,
        TRY_CAST(CASE WHEN regexp_full_match(r.version, '[0-9]{1,15}') THEN r.version END AS BIGINT) AS given_version,
        CASE
            WHEN $at_delivery THEN CAST(f.day AS TIMESTAMP) + INTERVAL 12 HOUR
            ELSE CAST(try_strptime(r.posted_at, $datetime_format) AS TIMESTAMP)
        END AS local_at
    FROM records AS r
    JOIN files AS f ON f.path_no = r.path_no
    LEFT JOIN words AS w ON w.field = 'type' AND w.word = lower(r.type)
),
placed AS (
    SELECT n.*, z.kind AS zone_kind, n.local_at - z.offset_seconds * INTERVAL 1 SECOND AS event_at
    FROM text AS n
    LEFT JOIN zone AS z ON n.local_at >= z.valid_from AND n.local_at < z.valid_to
),
dated AS (
    SELECT
        p.*,
        p.event_at + b.offset_seconds * INTERVAL 1 SECOND AS business_at,
        CAST(p.event_at + b.offset_seconds * INTERVAL 1 SECOND AS DATE) AS event_day
    FROM placed AS p
    LEFT JOIN business_zone AS b ON p.event_at >= b.valid_from AND p.event_at < b.valid_to
),
known AS (
    SELECT
        *,
        CASE WHEN $by_event THEN greatest(least(coalesce(event_day, arrival_day), $through), arrival_day) ELSE arrival_day END AS day,
        CASE WHEN $by_event THEN $through ELSE arrival_day END AS last_known_day
    FROM dated
),
judged AS (
    SELECT
        *,
        CASE
            WHEN split_reason IS NOT NULL THEN split_reason
            WHEN (identity IS NULL AND NOT $no_identity) OR (posted_at IS NULL AND NOT $at_delivery)
                OR (text IS NULL AND rating_text IS NULL) THEN 'missing_required'
            WHEN local_at IS NULL THEN 'bad_datetime'
            WHEN regexp_full_match(lower(rating_text), '[+-]?(inf|infinity|nan)') OR abs(TRY_CAST(rating_text AS DOUBLE)) > 1e300
                THEN 'not_finite'
            WHEN NOT regexp_full_match(coalesce(rating_text, '0'), $number)
                OR NOT regexp_full_match(coalesce(version_text, '0'), '[0-9]{1,15}')
                OR rating_number <> floor(rating_number) THEN 'bad_number'
            WHEN post_type IS NULL THEN 'bad_value'
            WHEN zone_kind = 'gap' AND $reject_gap THEN 'dst_gap'
            WHEN zone_kind = 'overlap' AND $reject_overlap THEN 'dst_overlap'
            WHEN business_at >= CAST(last_known_day AS TIMESTAMP) + INTERVAL 1 DAY + INTERVAL 10 MINUTE THEN 'future'
            WHEN event_day < $start THEN 'too_old'
            WHEN NOT $by_event AND date_diff('day', event_day, arrival_day) > $redelivery_days THEN 'too_late'
            WHEN rating_text IS NOT NULL AND (rating_number IS NULL OR rating_number < 1 OR rating_number > 5) THEN 'bad_value'
        END AS reason
    FROM known
),
named AS (
    SELECT
        j.*,
        CASE
            WHEN j.identity IS NOT NULL OR ($no_identity AND j.split_reason IS NULL)
                THEN substr(sha256($source || '|' || coalesce(j.identity, j.sha256 || '|' || CAST(j.line AS VARCHAR))), 1, 32)
        END AS record_id,
        a.id AS account_pseudonym,
        h.id AS handle_pseudonym
    FROM judged AS j
    LEFT JOIN identities AS a ON a.kind = 'account' AND a.value = j.account_id
    LEFT JOIN identities AS h ON h.kind = 'handle' AND h.value = j.handle
)
SELECT
    day, path, sha256, line, reason,
    CASE
        WHEN reason = 'missing_required' THEN
            CASE
                WHEN posted_at IS NULL AND NOT $at_delivery THEN 'posted_at'
                WHEN text IS NULL AND rating_text IS NULL THEN 'text' ELSE $key_field
            END
        WHEN reason IN ('bad_datetime', 'future', 'too_old', 'too_late', 'dst_gap', 'dst_overlap') THEN 'posted_at'
        WHEN reason = 'bad_number' AND version_text IS NOT NULL AND given_version IS NULL THEN 'version'
        WHEN reason = 'bad_value' AND post_type IS NULL THEN 'type'
        WHEN reason IN ('bad_number', 'not_finite', 'bad_value') THEN 'rating'
    END AS field,
    lenient_quote,
    zone_kind = 'gap' AS dst_gap,
    zone_kind = 'overlap' AS dst_overlap,
    split_reason IS NULL AND account_pseudonym IS NULL AND handle_pseudonym IS NULL AS missing_customer,
    $source AS source,
    CAST($lookback AS INTEGER) AS lookback_days,
    $whole_row AS whole_row,
    record_id,
    post_type,
    CASE WHEN account_pseudonym IS NOT NULL THEN 'account' WHEN handle_pseudonym IS NOT NULL THEN 'handle' END AS id_kind,
    coalesce(account_pseudonym, handle_pseudonym) AS id,
    account_pseudonym, account_id, handle_pseudonym, handle,
    event_at, event_day, text,
    CAST(rating_number AS BIGINT) AS rating,
    product_id,
    coalesce(given_version, 0) AS version,
    substr(
        sha256(concat(
            coalesce(given_version, 0), '|', post_type, '|', account_pseudonym, '|', handle_pseudonym, '|', event_at, '|',
            rating_number, '|', product_id, '|', text
        )),
        1, 32
    ) AS content_hash
FROM named
