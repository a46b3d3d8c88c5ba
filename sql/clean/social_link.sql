-- Identifiers that stood in one accepted record.
SELECT DISTINCT
    day, source, 'handle' AS id_kind, handle_pseudonym AS id, 'account' AS other_kind, account_pseudonym AS other_id, 'handle' AS evidence
FROM outcome
WHERE outcome = 'clean' AND handle_pseudonym IS NOT NULL AND account_pseudonym IS NOT NULL
