-- The ledger by day and source, and what of the refunds known that day found the sale it gives back. A day without files has one ledger row with an empty path, which is no file.
WITH reason AS (
    SELECT
        day, source, reason, CAST(sum(records) AS BIGINT) AS records,
        row_number() OVER (PARTITION BY day, source ORDER BY sum(records) DESC, reason) AS position
    FROM clean_ledger_reason
    WHERE outcome = 'rejected'
    GROUP BY day, source, reason
),
ledger AS (
    SELECT
        day, source,
        CAST(sum(CASE WHEN path <> '' THEN 1 ELSE 0 END) AS BIGINT) AS files,
        CAST(sum(CASE WHEN status = 'rejected_file' THEN 1 ELSE 0 END) AS BIGINT) AS files_rejected,
        CAST(sum(CASE WHEN status = 'duplicate_file' THEN 1 ELSE 0 END) AS BIGINT) AS files_duplicate,
        CAST(sum(records_in) AS BIGINT) AS records_in,
        CAST(sum(clean) AS BIGINT) AS clean,
        CAST(sum(rejected) AS BIGINT) AS rejected,
        CAST(sum(duplicate) AS BIGINT) AS duplicate,
        CAST(sum(filtered) AS BIGINT) AS filtered,
        CAST(sum(suppressed) AS BIGINT) AS suppressed
    FROM clean_file_ledger
    GROUP BY day, source
),
refund_line AS (
    SELECT day, source, refund_line_id, max(CASE WHEN matched_by = 'none' THEN 1 ELSE 0 END) AS is_unmatched
    FROM facts_refund
    WHERE sign = 1
    GROUP BY day, source, refund_line_id
),
refund AS (
    SELECT
        day, source,
        CAST(sum(1 - is_unmatched) AS BIGINT) AS matched,
        CAST(sum(is_unmatched) AS BIGINT) AS unmatched
    FROM refund_line
    GROUP BY day, source
)
SELECT
    ledger.day, ledger.source, ledger.files, ledger.files_rejected, ledger.files_duplicate, ledger.records_in,
    ledger.clean, ledger.rejected, ledger.duplicate, ledger.filtered, ledger.suppressed,
    reason.reason AS top_reject_reason, coalesce(reason.records, 0) AS top_reject_records,
    coalesce(refund.matched, 0) AS refunds_matched, coalesce(refund.unmatched, 0) AS refunds_unmatched
FROM ledger
LEFT JOIN reason ON reason.day = ledger.day AND reason.source = ledger.source AND reason.position = 1
LEFT JOIN refund ON refund.day = ledger.day AND refund.source = ledger.source
ORDER BY ledger.day, ledger.source
