-- The pairs as numbers of their identifiers, the smaller first.
SELECT
    LEAST(one.code, other.code) AS low,
    GREATEST(one.code, other.code) AS high,
    link.day
FROM link
INNER JOIN node AS one ON one.id_kind = link.id_kind AND one.id = link.id
INNER JOIN node AS other ON other.id_kind = link.other_kind AND other.id = link.other_id
