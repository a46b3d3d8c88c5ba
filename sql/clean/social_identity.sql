-- Distinct identifiers of split records, by kind.
SELECT DISTINCT 'account' AS kind, account_id AS value FROM records WHERE account_id IS NOT NULL
UNION ALL
SELECT DISTINCT 'handle' AS kind, handle AS value FROM records WHERE handle IS NOT NULL
