-- Identifiers of accepted records as they were written; one value a day is kept (identifier.sql).
SELECT day, 'account' AS id_kind, account_pseudonym AS id, 'account' AS field, min(account_id) AS value
FROM outcome
WHERE outcome = 'clean' AND account_pseudonym IS NOT NULL
GROUP BY day, account_pseudonym
UNION ALL
SELECT day, 'email' AS id_kind, email_pseudonym AS id, 'email' AS field, min(email) AS value
FROM outcome
WHERE outcome = 'clean' AND email_pseudonym IS NOT NULL
GROUP BY day, email_pseudonym
