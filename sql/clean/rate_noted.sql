-- Records of which something was noticed, beside what became of them: a column for each code.
SELECT
    day, source, path, sha256,
    count(CASE WHEN lenient_quote THEN 1 END) AS lenient_quote,
    count(CASE WHEN rounded THEN 1 END) AS rounded,
    count(CASE WHEN outcome = 'clean' AND outcome_reason = 'corrected' THEN 1 END) AS corrected
FROM outcome
GROUP BY day, source, path, sha256
