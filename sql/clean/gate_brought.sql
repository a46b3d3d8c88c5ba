-- Records that each source brought by day; those of files repeated whole apart.
SELECT
    source, day,
    CAST(sum(records_in) AS BIGINT) AS records,
    CAST(sum(CASE WHEN status = 'duplicate_file' THEN records_in ELSE 0 END) AS BIGINT) AS repeated
FROM ledger
WHERE day >= $first
GROUP BY source, day
