-- Accounts of accepted records, one row per pseudonym and day.
-- Inputs: outcome, accounts (account_id, id).
SELECT o.day, 'account' AS id_kind, o.id, 'account' AS field, min(a.account_id) AS value
FROM (SELECT DISTINCT day, id FROM outcome WHERE outcome = 'clean' AND id IS NOT NULL) AS o
JOIN accounts AS a ON a.id = o.id
GROUP BY o.day, o.id
