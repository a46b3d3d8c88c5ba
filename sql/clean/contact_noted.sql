-- What was noticed of records, beside what became of them.
SELECT day, source, path, sha256, 'noted' AS outcome, 'lenient_quote' AS reason, count(*) AS records
FROM outcome
WHERE lenient_quote
GROUP BY day, source, path, sha256
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'dst_gap' AS reason, count(*) AS records
FROM outcome
WHERE dst_gap
GROUP BY day, source, path, sha256
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'dst_overlap' AS reason, count(*) AS records
FROM outcome
WHERE dst_overlap
GROUP BY day, source, path, sha256
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'rounded' AS reason, count(*) AS records
FROM outcome
WHERE rounded
GROUP BY day, source, path, sha256
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'missing_customer' AS reason, count(*) AS records
FROM outcome
WHERE missing_customer
GROUP BY day, source, path, sha256
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'corrected' AS reason, count(*) AS records
FROM outcome
WHERE outcome = 'clean' AND outcome_reason = 'corrected'
GROUP BY day, source, path, sha256
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'converted' AS reason, count(*) AS records
FROM outcome
WHERE outcome = 'clean' AND exchange_rate IS NOT NULL
GROUP BY day, source, path, sha256
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'imputed' AS reason, count(*) AS records
FROM outcome
WHERE imputed IS NOT NULL
GROUP BY day, source, path, sha256
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'not_imputed' AS reason, count(*) AS records
FROM outcome
WHERE not_imputed
GROUP BY day, source, path, sha256
