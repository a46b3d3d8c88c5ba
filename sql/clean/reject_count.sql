-- Refused records by reason.
SELECT reason, count(*) AS records FROM record WHERE reason IS NOT NULL GROUP BY reason ORDER BY reason
