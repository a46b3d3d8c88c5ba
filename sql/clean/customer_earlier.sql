-- The newest record of every customer before the window.
WITH newest AS (
    SELECT id_kind, id, max(day) AS day FROM earlier GROUP BY id_kind, id
)
SELECT e.day, e.id AS record_id, e.content_hash
FROM earlier AS e
JOIN newest AS n ON n.id_kind = e.id_kind AND n.id = e.id AND n.day = e.day
