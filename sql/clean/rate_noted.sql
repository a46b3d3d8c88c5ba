-- Records by file, outcome and reason, and in how many of them something was noticed beside that: a column for each code.
SELECT
    day, source, path, sha256, outcome, outcome_reason AS reason,
    count(*) AS records,
    count(CASE WHEN lenient_quote THEN 1 END) AS lenient_quote,
    count(CASE WHEN rounded THEN 1 END) AS rounded,
    count(CASE WHEN outcome = 'clean' AND outcome_reason = 'corrected' THEN 1 END) AS corrected
FROM outcome
GROUP BY day, source, path, sha256, outcome, outcome_reason
