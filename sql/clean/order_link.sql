-- Identifiers that stood in one accepted record.
SELECT DISTINCT
    day, source, 'account' AS id_kind, account_pseudonym AS id, 'email' AS other_kind, email_pseudonym AS other_id, 'order' AS evidence
FROM outcome
WHERE outcome = 'clean' AND account_pseudonym IS NOT NULL AND email_pseudonym IS NOT NULL
