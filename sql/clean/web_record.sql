-- Lines of one access log, typed and judged one by one; burst and silent hold what needed more than one line. What a
-- page, an agent and an origin are stays in their tables until the accepted hits are written: a line carries numbers.
-- Inputs: records (split lines), files, pages, origins, agents, accounts, visitors, contacts, burst, silent,
-- zone (the source's local time, for lines without an offset), business_zone.
WITH placed AS (
    SELECT
        r.path_no, r.line, r.reason AS split_reason, r.address, r.agent, r.method, r.page, r.status, r.bytes, r.referrer_host,
        r.utm_source, r.utm_medium, r.utm_campaign, r.contact, r.visitor, r.leap_second, r.local_at,
        CASE WHEN r.status NOT IN ('401', '403') THEN r.account END AS account,
        f.path, f.sha256, f.file_no, f.day AS arrival_day, f.written_day,
        CASE WHEN r.offset_seconds IS NULL THEN z.kind END AS zone_kind,
        date_diff('minute', TIMESTAMP '1970-01-01 00:00:00', r.local_at - coalesce(r.offset_seconds, 0) * INTERVAL 1 SECOND) AS minute,
        r.local_at - coalesce(r.offset_seconds, z.offset_seconds) * INTERVAL 1 SECOND AS event_at
    FROM records AS r
    JOIN files AS f ON f.path_no = r.path_no
    LEFT JOIN zone AS z ON r.local_at >= z.valid_from AND r.local_at < z.valid_to
),
dated AS (
    SELECT
        p.*,
        p.event_at + b.offset_seconds * INTERVAL 1 SECOND AS business_at,
        CAST(p.event_at + b.offset_seconds * INTERVAL 1 SECOND AS DATE) AS event_day
    FROM placed AS p
    LEFT JOIN business_zone AS b ON p.event_at >= b.valid_from AND p.event_at < b.valid_to
),
told AS (
    SELECT
        d.*,
        g.number AS page_no, coalesce(g.is_asset, FALSE) AS is_asset,
        l.number AS agent_no, coalesce(l.is_bot, TRUE) AS is_bot,
        o.number AS origin_no,
        u.id AS account_id, u.account_id AS login, v.id AS visitor_id, c.id AS contact_id,
        t.minute IS NOT NULL AS is_burst, s.address IS NOT NULL AS is_silent,
        CASE WHEN length(d.status) = 3 AND TRY_CAST(d.status AS BIGINT) BETWEEN 100 AND 599 THEN TRY_CAST(d.status AS BIGINT) END AS status_number,
        CASE WHEN regexp_full_match(d.bytes, '[0-9]{1,18}') THEN CAST(d.bytes AS BIGINT) END AS bytes_number
    FROM dated AS d
    LEFT JOIN pages AS g ON g.page = d.page
    LEFT JOIN origins AS o
        ON o.referrer_host IS NOT DISTINCT FROM d.referrer_host
        AND o.utm_source IS NOT DISTINCT FROM d.utm_source
        AND o.utm_medium IS NOT DISTINCT FROM d.utm_medium
    LEFT JOIN agents AS l ON l.agent = d.agent
    LEFT JOIN accounts AS u ON u.value = d.account
    LEFT JOIN visitors AS v ON v.value = d.visitor
    LEFT JOIN contacts AS c ON c.value = d.contact
    LEFT JOIN burst AS t ON t.day = d.arrival_day AND t.address = d.address AND t.minute = d.minute
    LEFT JOIN silent AS s ON s.day = d.arrival_day AND s.address = d.address
),
judged AS (
    SELECT
        *,
        CASE
            WHEN split_reason IS NOT NULL THEN split_reason
            WHEN method IS NULL THEN NULL
            WHEN event_at IS NULL THEN 'bad_datetime'
            WHEN status_number IS NULL THEN 'bad_number'
            WHEN bytes IS NOT NULL AND bytes_number IS NULL THEN 'bad_number'
            WHEN zone_kind = 'gap' AND $reject_gap THEN 'dst_gap'
            WHEN zone_kind = 'overlap' AND $reject_overlap THEN 'dst_overlap'
            WHEN business_at >= CAST(written_day AS TIMESTAMP) + INTERVAL 1 DAY + INTERVAL 10 MINUTE THEN 'future'
            WHEN event_day < $start THEN 'too_old'
            WHEN date_diff('day', event_day, arrival_day) > $redelivery_days THEN 'too_late'
        END AS reason
    FROM told
),
decided AS (
    SELECT
        *,
        CASE
            WHEN reason IS NOT NULL THEN NULL
            WHEN method IS NULL THEN 'not_http'
            WHEN is_bot OR is_burst THEN 'bot'
            WHEN is_silent THEN 'bot_behaviour'
            WHEN is_asset THEN 'asset'
        END AS filter_reason
    FROM judged
)
SELECT
    arrival_day AS day,
    path,
    sha256,
    line,
    reason,
    CASE
        WHEN reason IN ('bad_datetime', 'dst_gap', 'dst_overlap', 'future', 'too_old', 'too_late') THEN 'time'
        WHEN reason = 'bad_number' AND status_number IS NULL THEN 'status'
        WHEN reason = 'bad_number' THEN 'bytes'
    END AS field,
    CASE WHEN reason IS NOT NULL THEN 'rejected' WHEN filter_reason IS NOT NULL THEN 'filtered' ELSE 'clean' END AS outcome,
    coalesce(reason, filter_reason, 'new') AS outcome_reason,
    coalesce(leap_second AND reason IS NULL, FALSE) AS leap_second,
    coalesce(zone_kind = 'gap', FALSE) AS dst_gap,
    coalesce(zone_kind = 'overlap', FALSE) AS dst_overlap,
    coalesce(filter_reason = 'bot' AND is_burst AND NOT is_bot, FALSE) AS burst,
    $source AS source,
    file_no * 1099511627776 + line AS hit_no,
    event_at,
    event_day,
    visitor_id,
    account_id,
    login,
    contact_id,
    CASE WHEN reason IS NULL AND filter_reason IS NULL THEN address END AS address,
    agent_no,
    page_no,
    origin_no,
    CASE WHEN method IN ('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS') THEN method ELSE 'other' END AS method,
    status_number AS status,
    bytes_number AS bytes,
    CASE WHEN regexp_full_match(utm_campaign, '[0-9A-Za-z_.-]{1,64}') THEN utm_campaign END AS campaign_id
FROM decided
