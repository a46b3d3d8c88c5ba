-- Accepted contact records.
SELECT
    day, record_id AS contact_id, 1 AS sign, campaign_id, channel, message, id_kind, id, event_at, event_day, is_holdout,
    assignment_probability, cost, original_currency, original_cost, exchange_rate, is_opened, is_clicked, is_responded, version,
    imputed, source, content_hash, record_id, replaced_day
FROM outcome
WHERE outcome = 'clean'
