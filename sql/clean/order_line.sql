-- Accepted order records.
SELECT
    day, record_id AS order_line_id, 1 AS sign, order_id, order_type, line_type,
    CASE WHEN account_pseudonym IS NOT NULL THEN 'account' END AS id_kind, account_pseudonym AS id,
    event_at, event_day, product_id, quantity, unit_price, discount, amount, currency, original_currency, original_amount,
    exchange_rate, version, source, content_hash,
    record_id, replaced_day
FROM outcome
WHERE outcome = 'clean'
