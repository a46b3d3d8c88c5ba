-- Records by file, outcome and reason.
SELECT day, source, path, sha256, outcome, outcome_reason AS reason, count(*) AS records
FROM outcome
GROUP BY day, source, path, sha256, outcome, outcome_reason
