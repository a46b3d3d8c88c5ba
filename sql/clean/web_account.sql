-- Distinct accounts logged in. A name that the server refused (401, 403) is nobody's account.
SELECT DISTINCT account AS value FROM records WHERE account IS NOT NULL AND status NOT IN ('401', '403')
