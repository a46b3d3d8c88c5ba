-- Records of every source by day: what came in and what became of it.
SELECT
    day,
    source,
    CAST(sum(records_in) AS BIGINT) AS records_in,
    CAST(sum(clean) AS BIGINT) AS clean,
    CAST(sum(rejected) AS BIGINT) AS rejected,
    CAST(sum(duplicate) AS BIGINT) AS duplicate,
    CAST(sum(filtered) AS BIGINT) AS filtered,
    CAST(sum(suppressed) AS BIGINT) AS suppressed,
    count(CASE WHEN status = 'rejected_file' THEN 1 END) AS rejected_files
FROM file_ledger
GROUP BY day, source
ORDER BY source, day
