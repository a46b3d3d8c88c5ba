-- Identifiers of accepted records as they were written; one value a day is kept (identifier.sql).
SELECT day, 'account' AS id_kind, account_pseudonym AS id, 'account' AS field, account_id AS value
FROM outcome
WHERE outcome = 'clean' AND account_pseudonym IS NOT NULL
UNION ALL
SELECT day, 'crm' AS id_kind, crm_pseudonym AS id, 'crm' AS field, crm_id AS value
FROM outcome
WHERE outcome = 'clean' AND crm_pseudonym IS NOT NULL
UNION ALL
SELECT day, 'email' AS id_kind, email_pseudonym AS id, 'email' AS field, email AS value
FROM outcome
WHERE outcome = 'clean' AND email_pseudonym IS NOT NULL
UNION ALL
SELECT day, 'phone' AS id_kind, phone_pseudonym AS id, 'phone' AS field, phone AS value
FROM outcome
WHERE outcome = 'clean' AND phone_pseudonym IS NOT NULL
UNION ALL
SELECT day, 'handle' AS id_kind, handle_pseudonym AS id, 'handle' AS field, handle AS value
FROM outcome
WHERE outcome = 'clean' AND handle_pseudonym IS NOT NULL
UNION ALL
SELECT day, id_kind, id, 'name' AS field, name AS value FROM outcome WHERE outcome = 'clean' AND name IS NOT NULL
UNION ALL
SELECT day, id_kind, id, 'email' AS field, email AS value FROM outcome WHERE outcome = 'clean' AND email IS NOT NULL
UNION ALL
SELECT day, id_kind, id, 'phone' AS field, phone AS value FROM outcome WHERE outcome = 'clean' AND phone IS NOT NULL
UNION ALL
SELECT day, id_kind, id, 'handle' AS field, handle AS value FROM outcome WHERE outcome = 'clean' AND handle IS NOT NULL
