-- Pairs of identifiers whose evidence is first known in the window. The sides stand in alphabetical order.
WITH seen AS (
    SELECT day, id_kind, id, other_kind, other_id, evidence
    FROM id_link
    WHERE day BETWEEN $first AND $last
    UNION ALL
    -- who sees the confirmation of an order with this cookie has placed it
    SELECT
        GREATEST(web_hit.day, order_line.day) AS day,
        'visitor' AS id_kind,
        web_hit.visitor_id AS id,
        order_line.id_kind AS other_kind,
        order_line.id AS other_id,
        'order' AS evidence
    FROM web_hit
    INNER JOIN order_line
        ON order_line.order_id = web_hit.order_id
    WHERE
        web_hit.page_type = 'confirmation'
        AND web_hit.status < 400
        AND web_hit.visitor_id IS NOT NULL
        AND order_line.id IS NOT NULL
        AND order_line.sign = 1
        AND GREATEST(web_hit.day, order_line.day) BETWEEN $first AND $last
        AND ABS(DATE_DIFF('day', web_hit.day, order_line.day)) <= $order_days
    UNION ALL
    SELECT day, 'contact' AS id_kind, contact_id AS id, id_kind AS other_kind, id AS other_id, 'contact' AS evidence
    FROM campaign_contact
    WHERE id IS NOT NULL AND sign = 1 AND day BETWEEN $first AND $last
),

told AS (
    SELECT day, id_kind, id, other_kind, other_id, evidence FROM seen
    UNION ALL
    SELECT day, id_kind, id, other_kind, other_id, evidence FROM known
),

-- whom the campaign tool says it wrote to
addressee AS (
    SELECT
        CASE WHEN id_kind = 'contact' THEN id ELSE other_id END AS contact_id,
        CASE WHEN id_kind = 'contact' THEN other_kind ELSE id_kind END AS id_kind,
        CASE WHEN id_kind = 'contact' THEN other_id ELSE id END AS id,
        MIN(day) AS day
    FROM told
    WHERE evidence = 'contact' AND (id_kind = 'contact') <> (other_kind = 'contact')
    GROUP BY 1, 2, 3
),

pair AS (
    SELECT day, id_kind, id, other_kind, other_id, evidence FROM seen
    UNION ALL
    -- two identifiers of one contact are a pair
    SELECT
        GREATEST(one.day, other.day) AS day,
        one.id_kind AS id_kind,
        one.id AS id,
        other.id_kind AS other_kind,
        other.id AS other_id,
        'contact' AS evidence
    FROM addressee AS one
    INNER JOIN addressee AS other
        ON other.contact_id = one.contact_id AND other.id_kind > one.id_kind
    WHERE GREATEST(one.day, other.day) BETWEEN $first AND $last
),

ordered AS (
    SELECT
        day,
        evidence,
        CASE WHEN id_kind < other_kind OR (id_kind = other_kind AND id < other_id) THEN id_kind ELSE other_kind END
            AS id_kind,
        CASE WHEN id_kind < other_kind OR (id_kind = other_kind AND id < other_id) THEN id ELSE other_id END AS id,
        CASE WHEN id_kind < other_kind OR (id_kind = other_kind AND id < other_id) THEN other_kind ELSE id_kind END
            AS other_kind,
        CASE WHEN id_kind < other_kind OR (id_kind = other_kind AND id < other_id) THEN other_id ELSE id END AS other_id
    FROM pair
    WHERE NOT (id_kind = other_kind AND id = other_id) AND id_kind <> 'client' AND other_kind <> 'client'
)

SELECT
    MIN(ordered.day) AS day,
    ordered.id_kind,
    ordered.id,
    ordered.other_kind,
    ordered.other_id,
    ordered.evidence
FROM ordered
LEFT JOIN known
    ON
        known.id_kind = ordered.id_kind
        AND known.id = ordered.id
        AND known.other_kind = ordered.other_kind
        AND known.other_id = ordered.other_id
        AND known.evidence = ordered.evidence
WHERE known.id IS NULL
GROUP BY ordered.id_kind, ordered.id, ordered.other_kind, ordered.other_id, ordered.evidence
