-- Typed order records as the statements after them read them: what would be wide to keep is worked out where it is asked for.
-- Inputs: record (order_record.sql of one source), files (of that source, each with what holds for all its records).
WITH told AS (
    SELECT
        r.* EXCLUDE (path_no, is_refund, charge_type, other_currency),
        CASE WHEN r.is_refund THEN 'refund' WHEN NOT r.is_refund THEN 'sale' END AS order_type,
        coalesce(r.is_refund, FALSE) AS refund,
        coalesce(r.charge_type, 'item') AS line_type,
        coalesce(r.other_currency, f.currency) AS currency,
        f.path, f.sha256, f.source, f.lookback_days, f.whole_row, f.with_title
    FROM record AS r
    JOIN files AS f ON f.path_no = r.path_no
)
SELECT
    * EXCLUDE (line_no),
    CAST(NULL AS VARCHAR) AS original_currency,
    CAST(NULL AS DECIMAL(18, 4)) AS original_amount,
    CAST(NULL AS DECIMAL(20, 12)) AS exchange_rate,
    substr(
        sha256(concat(
            version, '|', order_id, '|', line_no, '|', order_type, '|', account_pseudonym, '|', event_at, '|', product_id, '|',
            quantity, '|', unit_price, '|', discount, '|', amount, '|', currency,
            CASE WHEN line_type <> 'item' THEN '|' || line_type END,
            CASE WHEN order_type = 'refund' THEN '|of ' || refund_of END
        )),
        1, 32
    ) AS content_hash
FROM told
