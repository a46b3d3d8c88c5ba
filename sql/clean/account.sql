-- Distinct accounts of split records.
SELECT DISTINCT account_id FROM records WHERE account_id IS NOT NULL
