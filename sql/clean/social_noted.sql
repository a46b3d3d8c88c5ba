-- Records by file, outcome and reason, and in how many of them something was noticed beside that: a column for each code.
SELECT
    day, source, path, sha256, outcome, outcome_reason AS reason,
    count(*) AS records,
    count(CASE WHEN lenient_quote THEN 1 END) AS lenient_quote,
    count(CASE WHEN dst_gap THEN 1 END) AS dst_gap,
    count(CASE WHEN dst_overlap THEN 1 END) AS dst_overlap,
    count(CASE WHEN missing_customer THEN 1 END) AS missing_customer,
    count(CASE WHEN outcome = 'clean' AND outcome_reason = 'corrected' THEN 1 END) AS corrected
FROM outcome
GROUP BY day, source, path, sha256, outcome, outcome_reason
