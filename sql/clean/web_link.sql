-- Identifiers that one accepted hit holds together: cookie and account logged in, cookie and contact clicked.
SELECT DISTINCT
    day, source, 'visitor' AS id_kind, visitor_id AS id, 'account' AS other_kind, account_id AS other_id, 'login' AS evidence
FROM outcome
WHERE outcome = 'clean' AND visitor_id IS NOT NULL AND account_id IS NOT NULL
UNION ALL
SELECT DISTINCT
    day, source, 'visitor' AS id_kind, visitor_id AS id, 'contact' AS other_kind, contact_id AS other_id, 'click' AS evidence
FROM outcome
WHERE outcome = 'clean' AND visitor_id IS NOT NULL AND contact_id IS NOT NULL
