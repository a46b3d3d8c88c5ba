-- Hits by file, outcome and reason, and in how many of them something was noticed beside that: a column for each code.
SELECT
    day, source, path, sha256, outcome, outcome_reason AS reason,
    count(*) AS records,
    count(CASE WHEN leap_second THEN 1 END) AS leap_second,
    count(CASE WHEN dst_gap THEN 1 END) AS dst_gap,
    count(CASE WHEN dst_overlap THEN 1 END) AS dst_overlap,
    count(CASE WHEN burst THEN 1 END) AS too_many_requests
FROM outcome
GROUP BY day, source, path, sha256, outcome, outcome_reason
