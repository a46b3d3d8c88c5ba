-- Accounts of accepted hits as they were written; one value a day is kept (identifier.sql).
SELECT DISTINCT day, 'account' AS id_kind, account_id AS id, 'account' AS field, login AS value
FROM outcome
WHERE outcome = 'clean' AND account_id IS NOT NULL
