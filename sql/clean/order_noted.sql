-- Records by file, outcome and reason, and in how many of them something was noticed beside that: a column for each code.
SELECT
    day, source, path, sha256, outcome, outcome_reason AS reason,
    count(*) AS records,
    count(CASE WHEN lenient_quote THEN 1 END) AS lenient_quote,
    count(CASE WHEN leap_second THEN 1 END) AS leap_second,
    count(CASE WHEN dst_gap THEN 1 END) AS dst_gap,
    count(CASE WHEN dst_overlap THEN 1 END) AS dst_overlap,
    count(CASE WHEN rounded THEN 1 END) AS rounded,
    count(CASE WHEN missing_customer THEN 1 END) AS missing_customer,
    count(CASE WHEN missing_title THEN 1 END) AS missing_title,
    count(CASE WHEN refund THEN 1 END) AS refund,
    count(CASE WHEN outcome = 'clean' AND outcome_reason = 'corrected' THEN 1 END) AS corrected,
    count(CASE WHEN outcome = 'clean' AND exchange_rate IS NOT NULL THEN 1 END) AS converted,
    count(CASE WHEN outcome = 'clean' AND line_type <> 'item' THEN 1 END) AS charge
FROM outcome
GROUP BY day, source, path, sha256, outcome, outcome_reason
