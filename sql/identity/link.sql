-- The pairs of the graph, whatever their evidence, each from the day it counts. A campaign contact enters when
-- somebody clicks it: until then it proves nothing of a visitor, and there are many.
WITH edge AS (
    SELECT day, id_kind, id, other_kind, other_id FROM known
    UNION ALL
    SELECT day, id_kind, id, other_kind, other_id FROM fresh
),

click AS (
    SELECT id AS contact_id, MIN(day) AS day
    FROM edge
    WHERE id_kind = 'contact' AND other_kind = 'visitor'
    GROUP BY id
),

side AS (
    SELECT
        edge.*,
        CASE
            WHEN id_kind = 'contact' THEN id
            WHEN other_kind = 'contact' THEN other_id
        END AS contact_id
    FROM edge
)

SELECT
    side.id_kind,
    side.id,
    side.other_kind,
    side.other_id,
    MIN(CASE WHEN click.day > side.day THEN click.day ELSE side.day END) AS day
FROM side
LEFT JOIN click ON click.contact_id = side.contact_id
WHERE side.contact_id IS NULL OR click.contact_id IS NOT NULL
GROUP BY side.id_kind, side.id, side.other_kind, side.other_id
