-- Identifiers of accepted records as they were written; one value a day is kept (identifier.sql).
SELECT day, 'account' AS id_kind, account_pseudonym AS id, 'account' AS field, account_id AS value
FROM outcome
WHERE outcome = 'clean' AND account_pseudonym IS NOT NULL
UNION ALL
SELECT day, 'handle' AS id_kind, handle_pseudonym AS id, 'handle' AS field, handle AS value
FROM outcome
WHERE outcome = 'clean' AND handle_pseudonym IS NOT NULL
