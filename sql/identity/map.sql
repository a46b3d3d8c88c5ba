-- Identifiers first known in the window, with the day they were first known.
WITH sighting AS (
    SELECT id_kind, id, day
    FROM order_line
    WHERE id IS NOT NULL AND day BETWEEN $first AND $last
    UNION ALL
    SELECT id_kind, id, day
    FROM customer
    WHERE day BETWEEN $first AND $last
)
SELECT
    sighting.id_kind AS id_kind,
    sighting.id AS id,
    MIN(sighting.day) AS day
FROM sighting
LEFT JOIN known
    ON known.id_kind = sighting.id_kind AND known.id = sighting.id
WHERE known.id IS NULL
GROUP BY sighting.id_kind, sighting.id
