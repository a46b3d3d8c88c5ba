-- Distinct identifiers of split records, by kind.
SELECT DISTINCT 'account' AS kind, account_id AS value FROM records WHERE account_id IS NOT NULL
UNION ALL
SELECT DISTINCT 'email' AS kind, email AS value FROM records WHERE email IS NOT NULL
UNION ALL
SELECT DISTINCT 'contact' AS kind, contact_id AS value FROM records WHERE contact_id IS NOT NULL
