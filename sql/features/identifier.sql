-- Every identifier of the map once, with its number.
SELECT DISTINCT
    id_kind,
    id,
    id_no
FROM "map"
