-- Sessions: hits of one identifier on one day less than a gap apart, by the day they were known.
-- Hits that are known later form sessions of their own, so that a day depends on no other day.
-- Inputs: hit (hit_session.sql), zone (offsets of the business time zone by UTC time).
WITH summed AS (
    SELECT
        day,
        event_day,
        id_kind,
        id,
        session_no,
        -- no two hits of a day agree in source and number, so the smallest is the first hit and no other
        MIN(STRUCT_PACK(
            event_at := event_at, source := source, hit_no := hit_no, page_type := page_type, channel := channel,
            campaign_id := campaign_id, device := device, browser := browser, os := os
        )) AS first_hit,
        MIN(event_at) AS started_at,
        DATE_DIFF('second', MIN(event_at), MAX(event_at)) AS seconds,
        COUNT(*) AS hits,
        SUM(CASE WHEN is_product_view THEN 1 ELSE 0 END) AS product_views,
        SUM(CASE WHEN is_seen AND page_type = 'search' THEN 1 ELSE 0 END) AS searches,
        SUM(CASE WHEN is_cart_add THEN 1 ELSE 0 END) AS cart_adds,
        SUM(CASE WHEN is_seen AND page_type = 'checkout' THEN 1 ELSE 0 END) AS checkouts,
        SUM(CASE WHEN is_seen AND page_type = 'confirmation' THEN 1 ELSE 0 END) AS confirmations
    FROM hit
    GROUP BY day, event_day, id_kind, id, session_no
),

seen AS (
    SELECT day, event_day, id_kind, id, session_no, COUNT(*) AS products
    FROM (
        SELECT DISTINCT day, event_day, id_kind, id, session_no, product_id
        FROM hit
        WHERE is_product_view AND product_id IS NOT NULL
    ) AS product
    GROUP BY day, event_day, id_kind, id, session_no
)

SELECT
    summed.day AS day,
    MD5(CONCAT(
        summed.id_kind, '|', summed.id, '|', CAST(summed.day AS VARCHAR), '|', summed.first_hit.source, '|',
        CAST(summed.first_hit.hit_no AS VARCHAR)
    )) AS session_id,
    summed.event_day AS event_day,
    summed.id_kind AS id_kind,
    summed.id AS id,
    summed.started_at AS started_at,
    EXTRACT('hour' FROM CAST(summed.started_at AS TIMESTAMP) + zone.offset_seconds * INTERVAL 1 SECOND) AS hour,
    summed.seconds AS seconds,
    summed.hits AS hits,
    summed.product_views AS product_views,
    COALESCE(seen.products, 0) AS products,
    summed.searches AS searches,
    summed.cart_adds AS cart_adds,
    summed.checkouts AS checkouts,
    summed.confirmations AS confirmations,
    summed.first_hit.page_type AS landing_page_type,
    summed.first_hit.channel AS channel,
    summed.first_hit.campaign_id AS campaign_id,
    summed.first_hit.device AS device,
    summed.first_hit.browser AS browser,
    summed.first_hit.os AS os
FROM summed
LEFT JOIN seen
    ON
        seen.id = summed.id
        AND seen.id_kind = summed.id_kind
        AND seen.day = summed.day
        AND seen.event_day = summed.event_day
        AND seen.session_no = summed.session_no
LEFT JOIN zone
    ON
        CAST(summed.started_at AS TIMESTAMP) >= zone.valid_from
        AND CAST(summed.started_at AS TIMESTAMP) < zone.valid_to
