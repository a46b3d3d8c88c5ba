-- Direct identifiers of accepted customer records, one row per field.
SELECT day, id_kind, id, 'name' AS field, name AS value FROM outcome WHERE outcome = 'clean' AND name IS NOT NULL
UNION ALL
SELECT day, id_kind, id, 'email' AS field, email AS value FROM outcome WHERE outcome = 'clean' AND email IS NOT NULL
UNION ALL
SELECT day, id_kind, id, 'phone' AS field, phone AS value FROM outcome WHERE outcome = 'clean' AND phone IS NOT NULL
