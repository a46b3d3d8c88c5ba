-- Records by file, outcome and reason, and in how many of them something was noticed beside that: a column for each code.
SELECT
    day, source, path, sha256, outcome, outcome_reason AS reason,
    count(*) AS records,
    count(CASE WHEN lenient_quote THEN 1 END) AS lenient_quote,
    count(CASE WHEN unknown_gender THEN 1 END) AS unknown_gender,
    count(CASE WHEN unknown_income_band THEN 1 END) AS unknown_income_band,
    count(CASE WHEN unknown_consent THEN 1 END) AS unknown_consent,
    count(CASE WHEN outcome = 'clean' AND outcome_reason = 'corrected' THEN 1 END) AS corrected,
    count(CASE WHEN imputed IS NOT NULL THEN 1 END) AS imputed,
    count(CASE WHEN not_imputed THEN 1 END) AS not_imputed
FROM outcome
GROUP BY day, source, path, sha256, outcome, outcome_reason
