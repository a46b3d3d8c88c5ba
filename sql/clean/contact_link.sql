-- Identifiers that stood in one accepted record.
SELECT DISTINCT
    day, source, 'contact' AS id_kind, contact_pseudonym AS id, 'account' AS other_kind, account_pseudonym AS other_id, 'contact' AS evidence
FROM outcome
WHERE outcome = 'clean' AND contact_pseudonym IS NOT NULL AND account_pseudonym IS NOT NULL
UNION ALL
SELECT DISTINCT
    day, source, 'contact' AS id_kind, contact_pseudonym AS id, 'email' AS other_kind, email_pseudonym AS other_id, 'contact' AS evidence
FROM outcome
WHERE outcome = 'clean' AND contact_pseudonym IS NOT NULL AND email_pseudonym IS NOT NULL
