-- Hits as facts need them, with whom each belongs to: the visitor if there is one, else the account, else the client.
SELECT
    day,
    event_day,
    CASE
        WHEN visitor_id IS NOT NULL THEN 'visitor'
        WHEN account_id IS NOT NULL THEN 'account'
        ELSE 'client'
    END AS id_kind,
    COALESCE(visitor_id, account_id, client_id) AS id,
    event_at,
    source,
    hit_no,
    page_type,
    product_id,
    status < 400 AND method <> 'HEAD' AS is_seen,
    is_cart_add,
    channel,
    campaign_id,
    device,
    browser,
    os
FROM web_hit
