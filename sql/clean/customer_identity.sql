-- Distinct identifiers of split records, by kind.
SELECT DISTINCT 'account' AS kind, account_id AS value FROM records WHERE account_id IS NOT NULL
UNION ALL
SELECT DISTINCT 'crm' AS kind, crm_id AS value FROM records WHERE crm_id IS NOT NULL
UNION ALL
SELECT DISTINCT 'email' AS kind, email AS value FROM records WHERE email IS NOT NULL
UNION ALL
SELECT DISTINCT 'phone' AS kind, phone AS value FROM records WHERE phone IS NOT NULL
UNION ALL
SELECT DISTINCT 'handle' AS kind, handle AS value FROM records WHERE handle IS NOT NULL
