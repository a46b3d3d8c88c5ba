-- Accepted hits.
SELECT
    day, source, hit_no, event_at, event_day, visitor_id, account_id, contact_id, client_id, client_prefix, method, page_type,
    product_id, category, order_id, is_cart_add, status, bytes, referrer_host, channel, campaign_id, device, browser, os
FROM outcome
WHERE outcome = 'clean'
