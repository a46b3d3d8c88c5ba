-- Accepted hits, with what their page, agent, client and origin are.
-- Inputs: outcome (web_record.sql), pages, agents, clients, origins (distinct values with what they are).
SELECT
    h.day, h.source, h.hit_no, h.event_at, h.event_day, h.visitor_id, h.account_id, h.contact_id, c.client_id, c.client_prefix,
    h.method, coalesce(p.page_type, 'other') AS page_type, p.product_id, p.category, p.order_id,
    coalesce(p.page_type = 'cart' AND p.product_id IS NOT NULL AND h.method <> 'HEAD' AND h.status < 400, FALSE) AS is_cart_add,
    h.status, h.bytes, o.host AS referrer_host, coalesce(o.channel, 'direct') AS channel, h.campaign_id,
    a.device, a.browser, a.os
FROM outcome AS h
LEFT JOIN pages AS p ON p.number = h.page_no
LEFT JOIN agents AS a ON a.number = h.agent_no
LEFT JOIN clients AS c ON c.agent_no = h.agent_no AND c.address IS NOT DISTINCT FROM h.address
LEFT JOIN origins AS o ON o.number = h.origin_no
WHERE h.outcome = 'clean'
