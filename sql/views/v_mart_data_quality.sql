-- The ledger by day and source, and the refunds that found their sale or not.
SELECT
    t.day, t.source, t.files, t.files_rejected, t.files_duplicate, t.records_in, t.clean, t.rejected, t.duplicate,
    t.filtered, t.suppressed, t.top_reject_reason, t.top_reject_records, t.refunds_matched, t.refunds_unmatched
FROM mart_data_quality AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
