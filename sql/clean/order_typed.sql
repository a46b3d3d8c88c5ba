-- Typed order records as the statements after them read them: what would be wide to keep is worked out where it is asked for.
-- Inputs: record (order_record.sql of one source), files (of that source, each with what holds for all its records).
SELECT
    r.* EXCLUDE (path_no, line_no),
    f.path,
    f.sha256,
    f.source,
    f.lookback_days,
    f.whole_row,
    f.with_title,
    coalesce(r.order_type = 'refund', FALSE) AS refund,
    CAST(NULL AS VARCHAR) AS original_currency,
    CAST(NULL AS DECIMAL(18, 4)) AS original_amount,
    CAST(NULL AS DECIMAL(20, 12)) AS exchange_rate,
    substr(
        sha256(concat(
            r.version, '|', r.order_id, '|', r.line_no, '|', r.order_type, '|', r.account_pseudonym, '|', r.event_at, '|',
            r.product_id, '|', r.quantity, '|', r.unit_price, '|', r.discount, '|', r.amount, '|', r.currency,
            CASE WHEN r.line_type <> 'item' THEN '|' || r.line_type END,
            CASE WHEN r.order_type = 'refund' THEN '|of ' || r.refund_of END
        )),
        1, 32
    ) AS content_hash
FROM record AS r
JOIN files AS f ON f.path_no = r.path_no
