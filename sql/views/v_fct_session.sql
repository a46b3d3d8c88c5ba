-- Sessions of customers.
SELECT
    t.session_id, t.customer_id, t.event_day, t.started_at, t.hour, t.seconds, t.hits, t.product_views, t.products,
    t.searches, t.cart_adds, t.checkouts, t.confirmations, t.landing_page_type, t.channel, t.campaign_id, t.device,
    t.browser, t.os, t.day AS known_on
FROM fct_session AS t
JOIN pointer AS p
    ON t.published_in <= p.publication_id AND (t.withdrawn_in IS NULL OR t.withdrawn_in > p.publication_id)
