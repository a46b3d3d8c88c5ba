-- Sessions: hits of one identifier on one day less than $gap_seconds apart, by the day they were known.
-- Hits that are known later form sessions of their own, so that a day depends on no other day.
-- Inputs: web_hit, zone (offsets of the business time zone by UTC time).
WITH hit AS (
    SELECT
        day,
        event_day,
        CASE
            WHEN visitor_id IS NOT NULL THEN 'visitor'
            WHEN account_id IS NOT NULL THEN 'account'
            ELSE 'client'
        END AS id_kind,
        COALESCE(visitor_id, account_id, client_id) AS id,
        event_at,
        source,
        hit_no,
        page_type,
        product_id,
        status < 400 AND method <> 'HEAD' AS is_seen,
        is_cart_add,
        channel,
        campaign_id,
        device,
        browser,
        os
    FROM web_hit
    WHERE day BETWEEN $first AND $last
),

gapped AS (
    SELECT
        *,
        LAG(event_at) OVER (PARTITION BY day, event_day, id_kind, id ORDER BY event_at, source, hit_no) AS event_before
    FROM hit
),

started AS (
    SELECT
        *,
        CASE
            WHEN event_before IS NULL OR DATE_DIFF('second', event_before, event_at) >= $gap_seconds THEN 1
            ELSE 0
        END AS is_start
    FROM gapped
),

numbered AS (
    SELECT
        *,
        SUM(is_start) OVER (
            PARTITION BY day, event_day, id_kind, id
            ORDER BY event_at, source, hit_no
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS session_no
    FROM started
),

summed AS (
    SELECT
        day,
        event_day,
        id_kind,
        id,
        session_no,
        MIN(event_at) AS started_at,
        DATE_DIFF('second', MIN(event_at), MAX(event_at)) AS seconds,
        COUNT(*) AS hits,
        SUM(CASE WHEN is_seen AND page_type = 'product' THEN 1 ELSE 0 END) AS product_views,
        COUNT(DISTINCT CASE WHEN is_seen AND page_type = 'product' THEN product_id END) AS products,
        SUM(CASE WHEN is_seen AND page_type = 'search' THEN 1 ELSE 0 END) AS searches,
        SUM(CASE WHEN is_cart_add THEN 1 ELSE 0 END) AS cart_adds,
        SUM(CASE WHEN is_seen AND page_type = 'checkout' THEN 1 ELSE 0 END) AS checkouts,
        SUM(CASE WHEN is_seen AND page_type = 'confirmation' THEN 1 ELSE 0 END) AS confirmations,
        MAX(CASE WHEN is_start = 1 THEN source END) AS source,
        MAX(CASE WHEN is_start = 1 THEN hit_no END) AS hit_no,
        MAX(CASE WHEN is_start = 1 THEN page_type END) AS landing_page_type,
        MAX(CASE WHEN is_start = 1 THEN channel END) AS channel,
        MAX(CASE WHEN is_start = 1 THEN campaign_id END) AS campaign_id,
        MAX(CASE WHEN is_start = 1 THEN device END) AS device,
        MAX(CASE WHEN is_start = 1 THEN browser END) AS browser,
        MAX(CASE WHEN is_start = 1 THEN os END) AS os
    FROM numbered
    GROUP BY day, event_day, id_kind, id, session_no
)

SELECT
    summed.day AS day,
    SUBSTR(
        SHA256(CONCAT(
            summed.id_kind, '|', summed.id, '|', CAST(summed.day AS VARCHAR), '|', summed.source, '|',
            CAST(summed.hit_no AS VARCHAR)
        )),
        1,
        32
    ) AS session_id,
    summed.event_day AS event_day,
    summed.id_kind AS id_kind,
    summed.id AS id,
    summed.started_at AS started_at,
    EXTRACT('hour' FROM CAST(summed.started_at AS TIMESTAMP) + zone.offset_seconds * INTERVAL 1 SECOND) AS hour,
    summed.seconds AS seconds,
    summed.hits AS hits,
    summed.product_views AS product_views,
    summed.products AS products,
    summed.searches AS searches,
    summed.cart_adds AS cart_adds,
    summed.checkouts AS checkouts,
    summed.confirmations AS confirmations,
    summed.landing_page_type AS landing_page_type,
    summed.channel AS channel,
    summed.campaign_id AS campaign_id,
    summed.device AS device,
    summed.browser AS browser,
    summed.os AS os
FROM summed
LEFT JOIN zone
    ON
        CAST(summed.started_at AS TIMESTAMP) >= zone.valid_from
        AND CAST(summed.started_at AS TIMESTAMP) < zone.valid_to
