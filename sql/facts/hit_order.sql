-- Which session of its day a hit belongs to, where that is not the first. Most identifiers have one a day, which shows without
-- sorting: less than $gap_seconds pass between the first hit and the last. Only the hits of the others are put in order.
-- Input: hit (hit.sql).
WITH long_span AS (
    SELECT day, event_day, id_kind, id
    FROM hit
    GROUP BY day, event_day, id_kind, id
    HAVING DATE_DIFF('second', MIN(event_at), MAX(event_at)) >= $gap_seconds
),

gapped AS (
    SELECT
        hit.day AS day,
        hit.event_day AS event_day,
        hit.id_kind AS id_kind,
        hit.id AS id,
        hit.event_at AS event_at,
        hit.source AS source,
        hit.hit_no AS hit_no,
        LAG(hit.event_at) OVER (
            PARTITION BY hit.day, hit.event_day, hit.id_kind, hit.id ORDER BY hit.event_at, hit.source, hit.hit_no
        ) AS event_before
    FROM hit
    INNER JOIN long_span
        ON
            long_span.id = hit.id
            AND long_span.id_kind = hit.id_kind
            AND long_span.day = hit.day
            AND long_span.event_day = hit.event_day
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
        day,
        source,
        hit_no,
        SUM(is_start) OVER (
            PARTITION BY day, event_day, id_kind, id
            ORDER BY event_at, source, hit_no
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS session_no
    FROM started
)

SELECT day, source, hit_no, session_no FROM numbered WHERE session_no > 1
