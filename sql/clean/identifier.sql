-- Identifiers that are new or changed. An identifier of itself never changes: its pseudonym is made from it, and another
-- way of writing it is no change.
-- Inputs: seen (identifiers of the window), earlier (vault.identifier of the days before it).
WITH of_day AS (
    SELECT day, id_kind, id, field, min(value) AS value FROM seen GROUP BY day, id_kind, id, field
),
newest AS (
    SELECT id_kind, id, field, max(day) AS day FROM earlier GROUP BY id_kind, id, field
),
version_of AS (
    SELECT day, id_kind, id, field, value, TRUE AS fresh FROM of_day
    UNION ALL
    SELECT e.day, e.id_kind, e.id, e.field, e.value, FALSE AS fresh
    FROM earlier AS e
    JOIN newest AS n ON n.id_kind = e.id_kind AND n.id = e.id AND n.field = e.field AND n.day = e.day
),
compared AS (
    SELECT *, lag(value) OVER (PARTITION BY id_kind, id, field ORDER BY day) AS value_before FROM version_of
)
SELECT day, id_kind, id, field, value
FROM compared
WHERE fresh AND (value_before IS NULL OR (value_before <> value AND field <> id_kind))
