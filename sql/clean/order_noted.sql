-- What was noticed of records, beside what became of them.
WITH counted AS (
    SELECT
        day, source, path, sha256,
        sum(CASE WHEN lenient_quote THEN 1 ELSE 0 END) AS lenient_quote,
        sum(CASE WHEN leap_second THEN 1 ELSE 0 END) AS leap_second,
        sum(CASE WHEN dst_gap THEN 1 ELSE 0 END) AS dst_gap,
        sum(CASE WHEN dst_overlap THEN 1 ELSE 0 END) AS dst_overlap,
        sum(CASE WHEN rounded THEN 1 ELSE 0 END) AS rounded,
        sum(CASE WHEN missing_customer THEN 1 ELSE 0 END) AS missing_customer,
        sum(CASE WHEN missing_title THEN 1 ELSE 0 END) AS missing_title,
        sum(CASE WHEN refund THEN 1 ELSE 0 END) AS refund,
        sum(CASE WHEN outcome = 'clean' AND outcome_reason = 'corrected' THEN 1 ELSE 0 END) AS corrected,
        sum(CASE WHEN outcome = 'clean' AND exchange_rate IS NOT NULL THEN 1 ELSE 0 END) AS converted,
        sum(CASE WHEN outcome = 'clean' AND line_type <> 'item' THEN 1 ELSE 0 END) AS charge
    FROM outcome
    GROUP BY day, source, path, sha256
)
SELECT day, source, path, sha256, 'noted' AS outcome, 'lenient_quote' AS reason, CAST(lenient_quote AS BIGINT) AS records FROM counted WHERE lenient_quote > 0
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'leap_second' AS reason, CAST(leap_second AS BIGINT) AS records FROM counted WHERE leap_second > 0
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'dst_gap' AS reason, CAST(dst_gap AS BIGINT) AS records FROM counted WHERE dst_gap > 0
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'dst_overlap' AS reason, CAST(dst_overlap AS BIGINT) AS records FROM counted WHERE dst_overlap > 0
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'rounded' AS reason, CAST(rounded AS BIGINT) AS records FROM counted WHERE rounded > 0
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'missing_customer' AS reason, CAST(missing_customer AS BIGINT) AS records FROM counted WHERE missing_customer > 0
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'missing_title' AS reason, CAST(missing_title AS BIGINT) AS records FROM counted WHERE missing_title > 0
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'refund' AS reason, CAST(refund AS BIGINT) AS records FROM counted WHERE refund > 0
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'corrected' AS reason, CAST(corrected AS BIGINT) AS records FROM counted WHERE corrected > 0
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'converted' AS reason, CAST(converted AS BIGINT) AS records FROM counted WHERE converted > 0
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'charge' AS reason, CAST(charge AS BIGINT) AS records FROM counted WHERE charge > 0
