-- Records of one campaigns source (contacts and holdouts), typed and judged one by one.
-- Inputs: records (text), files, identities, words, limits (by currency), zone (source's local time), business_zone.
-- A contact of a history export is known when the last thing it says had happened.
WITH text AS (
    SELECT
        r.line, r.lenient_quote, r.identity, r.reason AS split_reason, r.contact_id AS contact_number, r.campaign_id,
        coalesce(lower(r.channel), 'unknown') AS channel,
        coalesce(r.message, 'unknown') AS message,
        r.account_id, r.email, r.contacted_at, r.opened_at, r.clicked_at, r.responded_at,
        f.path, f.sha256, f.day AS arrival_day, f.written_day,
        r.cost AS cost_text, r.assignment_probability AS probability_text, r.version AS version_text,
        replace(r.cost, $decimal, '.') AS cost_number,
        replace(r.assignment_probability, $decimal, '.') AS probability_number,
        upper(coalesce(r.currency, $currency)) AS currency,
        coalesce(l.amount_limit, $amount_limit) AS amount_limit,
        CASE WHEN r.is_holdout IS NULL THEN 'no' ELSE w.value END AS holdout,
        TRY_CAST(CASE WHEN regexp_full_match(r.version, '[0-9]{1,15}') THEN r.version END AS BIGINT) AS given_version,
        CAST(try_strptime(r.contacted_at, $datetime_format) AS TIMESTAMP) AS local_at,
        CAST(try_strptime(r.opened_at, $datetime_format) AS TIMESTAMP) AS opened_local,
        CAST(try_strptime(r.clicked_at, $datetime_format) AS TIMESTAMP) AS clicked_local,
        CAST(try_strptime(r.responded_at, $datetime_format) AS TIMESTAMP) AS responded_local
    FROM records AS r
    JOIN files AS f ON f.path_no = r.path_no
    LEFT JOIN limits AS l ON l.currency = upper(coalesce(r.currency, $currency))
    LEFT JOIN words AS w ON w.field = 'is_holdout' AND w.word = lower(r.is_holdout)
),
typed AS (
    SELECT
        *,
        TRY_CAST(CASE WHEN regexp_full_match(cost_text, $number) THEN cost_number END AS DECIMAL(18, 4)) AS given_cost,
        TRY_CAST(CASE WHEN regexp_full_match(probability_text, $number) THEN probability_number END AS DECIMAL(38, 12))
            AS probability,
        CASE
            WHEN opened_local IS NULL AND clicked_local IS NULL AND responded_local IS NULL THEN local_at
            ELSE greatest(
                local_at, coalesce(opened_local, local_at), coalesce(clicked_local, local_at), coalesce(responded_local, local_at)
            )
        END AS last_local
    FROM text
),
placed AS (
    SELECT
        n.*, z.kind AS zone_kind, n.local_at - z.offset_seconds * INTERVAL 1 SECOND AS event_at,
        n.last_local - y.offset_seconds * INTERVAL 1 SECOND AS last_at
    FROM typed AS n
    LEFT JOIN zone AS z ON n.local_at >= z.valid_from AND n.local_at < z.valid_to
    LEFT JOIN zone AS y ON n.last_local >= y.valid_from AND n.last_local < y.valid_to
),
dated AS (
    SELECT
        p.*,
        p.event_at + b.offset_seconds * INTERVAL 1 SECOND AS business_at,
        CAST(p.event_at + b.offset_seconds * INTERVAL 1 SECOND AS DATE) AS event_day,
        p.last_at + d.offset_seconds * INTERVAL 1 SECOND AS last_business_at,
        CAST(p.last_at + d.offset_seconds * INTERVAL 1 SECOND AS DATE) AS last_day
    FROM placed AS p
    LEFT JOIN business_zone AS b ON p.event_at >= b.valid_from AND p.event_at < b.valid_to
    LEFT JOIN business_zone AS d ON p.last_at >= d.valid_from AND p.last_at < d.valid_to
),
known AS (
    SELECT
        *,
        CASE WHEN $by_event THEN greatest(least(coalesce(last_day, arrival_day), $through), arrival_day) ELSE arrival_day END AS day,
        CASE WHEN $by_event THEN $through ELSE written_day END AS last_known_day
    FROM dated
),
judged AS (
    SELECT
        *,
        CASE
            WHEN split_reason IS NOT NULL THEN split_reason
            WHEN identity IS NULL OR campaign_id IS NULL OR contacted_at IS NULL THEN 'missing_required'
            WHEN local_at IS NULL OR (opened_at IS NOT NULL AND opened_local IS NULL)
                OR (clicked_at IS NOT NULL AND clicked_local IS NULL) OR (responded_at IS NOT NULL AND responded_local IS NULL)
                THEN 'bad_datetime'
            WHEN regexp_full_match(lower(concat(cost_number, '|', probability_number)), '(.*\|)?[+-]?(inf|infinity|nan)(\|.*)?')
                OR abs(TRY_CAST(cost_number AS DOUBLE)) > 1e300 OR abs(TRY_CAST(probability_number AS DOUBLE)) > 1e300
                THEN 'not_finite'
            WHEN NOT regexp_full_match(coalesce(cost_text, '0'), $number)
                OR NOT regexp_full_match(coalesce(probability_text, '0'), $number)
                OR NOT regexp_full_match(coalesce(version_text, '0'), '[0-9]{1,15}') THEN 'bad_number'
            WHEN holdout IS NULL THEN 'bad_value'
            WHEN currency <> $project_currency AND NOT $converts THEN 'unknown_currency'
            WHEN zone_kind = 'gap' AND $reject_gap THEN 'dst_gap'
            WHEN zone_kind = 'overlap' AND $reject_overlap THEN 'dst_overlap'
            WHEN greatest(business_at, last_business_at) >= CAST(last_known_day AS TIMESTAMP) + INTERVAL 1 DAY + INTERVAL 10 MINUTE
                THEN 'future'
            WHEN event_day < $start THEN 'too_old'
            WHEN NOT $by_event AND date_diff('day', event_day, arrival_day) > $redelivery_days THEN 'too_late'
            WHEN (cost_text IS NOT NULL AND given_cost IS NULL) OR given_cost < 0 OR given_cost > amount_limit
                OR (probability_text IS NOT NULL AND probability IS NULL) OR probability < 0 OR probability > 1 THEN 'amount_range'
        END AS reason
    FROM known
),
named AS (
    SELECT j.*, k.id AS record_id, a.id AS account_pseudonym, m.id AS email_pseudonym
    FROM judged AS j
    LEFT JOIN identities AS k ON k.kind = 'contact' AND k.value = j.contact_number
    LEFT JOIN identities AS a ON a.kind = 'account' AND a.value = j.account_id
    LEFT JOIN identities AS m ON m.kind = 'email' AND m.value = j.email
)
SELECT
    day, path, sha256, line, reason,
    CASE
        WHEN reason = 'missing_required' THEN
            CASE WHEN campaign_id IS NULL THEN 'campaign_id' WHEN contacted_at IS NULL THEN 'contacted_at' ELSE 'contact_id' END
        WHEN reason = 'bad_datetime' THEN
            CASE
                WHEN local_at IS NULL THEN 'contacted_at' WHEN opened_at IS NOT NULL AND opened_local IS NULL THEN 'opened_at'
                WHEN clicked_at IS NOT NULL AND clicked_local IS NULL THEN 'clicked_at' ELSE 'responded_at'
            END
        WHEN reason = 'future' AND last_business_at > business_at THEN
            CASE
                WHEN opened_local = last_local THEN 'opened_at' WHEN clicked_local = last_local THEN 'clicked_at'
                ELSE 'responded_at'
            END
        WHEN reason IN ('future', 'too_old', 'too_late', 'dst_gap', 'dst_overlap') THEN 'contacted_at'
        WHEN reason = 'bad_number' AND version_text IS NOT NULL AND given_version IS NULL THEN 'version'
        WHEN reason IN ('bad_number', 'not_finite', 'amount_range') THEN
            CASE
                WHEN cost_text IS NOT NULL AND (given_cost IS NULL OR given_cost < 0 OR given_cost > amount_limit) THEN 'cost'
                ELSE 'assignment_probability'
            END
        WHEN reason = 'bad_value' THEN 'is_holdout'
        WHEN reason = 'unknown_currency' THEN 'currency'
    END AS field,
    lenient_quote,
    zone_kind = 'gap' AS dst_gap,
    zone_kind = 'overlap' AS dst_overlap,
    coalesce(given_cost <> TRY_CAST(cost_number AS DECIMAL(38, 12)), FALSE)
        OR coalesce(probability <> TRY_CAST(probability AS DECIMAL(18, 4)), FALSE) AS rounded,
    split_reason IS NULL AND account_pseudonym IS NULL AND email_pseudonym IS NULL AS missing_customer,
    $source AS source,
    CAST($lookback AS INTEGER) AS lookback_days,
    FALSE AS whole_row,
    record_id,
    record_id AS contact_pseudonym, contact_number, account_pseudonym, account_id, email_pseudonym, email,
    campaign_id, channel, message,
    CASE WHEN account_pseudonym IS NOT NULL THEN 'account' WHEN email_pseudonym IS NOT NULL THEN 'email' END AS id_kind,
    coalesce(account_pseudonym, email_pseudonym) AS id,
    event_at, event_day,
    holdout = 'yes' AS is_holdout,
    TRY_CAST(probability AS DECIMAL(18, 4)) AS assignment_probability,
    CAST(coalesce(given_cost, 0) AS DECIMAL(18, 4)) AS cost,
    currency,
    CAST(NULL AS VARCHAR) AS original_currency,
    CAST(NULL AS DECIMAL(18, 4)) AS original_cost,
    CAST(NULL AS DECIMAL(20, 12)) AS exchange_rate,
    CAST(NULL AS VARCHAR) AS imputed,
    FALSE AS not_imputed,
    given_cost IS NULL AS without_cost,
    opened_at IS NOT NULL AS is_opened,
    clicked_at IS NOT NULL AS is_clicked,
    responded_at IS NOT NULL AS is_responded,
    coalesce(given_version, 0) AS version,
    substr(
        sha256(concat(
            coalesce(given_version, 0), '|', campaign_id, '|', channel, '|', message, '|', account_pseudonym, '|', email_pseudonym,
            '|', event_at, '|', holdout, '|', probability, '|', given_cost, '|', opened_local, '|', clicked_local, '|',
            responded_local
        )),
        1, 32
    ) AS content_hash
FROM named
