-- Identifiers that stood in one accepted record.
SELECT DISTINCT
    day, source, 'crm' AS id_kind, crm_pseudonym AS id, 'account' AS other_kind, account_pseudonym AS other_id, 'crm' AS evidence
FROM outcome
WHERE outcome = 'clean' AND crm_pseudonym IS NOT NULL AND account_pseudonym IS NOT NULL
UNION ALL
SELECT DISTINCT
    day, source, id_kind AS id_kind, id AS id, 'email' AS other_kind, email_pseudonym AS other_id, 'crm' AS evidence
FROM outcome
WHERE outcome = 'clean' AND id IS NOT NULL AND email_pseudonym IS NOT NULL
UNION ALL
SELECT DISTINCT
    day, source, id_kind AS id_kind, id AS id, 'phone' AS other_kind, phone_pseudonym AS other_id, 'crm' AS evidence
FROM outcome
WHERE outcome = 'clean' AND id IS NOT NULL AND phone_pseudonym IS NOT NULL
UNION ALL
SELECT DISTINCT
    day, source, id_kind AS id_kind, id AS id, 'handle' AS other_kind, handle_pseudonym AS other_id, 'crm' AS evidence
FROM outcome
WHERE outcome = 'clean' AND id IS NOT NULL AND handle_pseudonym IS NOT NULL
