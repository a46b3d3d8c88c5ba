-- Refused records by reason.
SELECT reason, count(*) AS records FROM record WHERE reason IS NOT NULL AND reason <> 'test_order' GROUP BY reason ORDER BY reason
