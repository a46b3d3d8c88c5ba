-- Sessions of the changed days, of the customer that the identifier had on the day the session was known.
WITH belonging AS (
    SELECT
        id_kind, id, customer_id, day AS known_from,
        lead(day) OVER (PARTITION BY id_kind, id ORDER BY day) AS known_until
    FROM identity_map
)
SELECT
    session.day, session.session_id, belonging.customer_id, session.event_day, session.started_at, session.hour,
    session.seconds, session.hits, session.product_views, session.products, session.searches, session.cart_adds,
    session.checkouts, session.confirmations, session.landing_page_type, session.channel, session.campaign_id,
    session.device, session.browser, session.os
FROM facts_session AS session
JOIN changed ON changed.day = session.day
JOIN belonging
    ON belonging.id_kind = session.id_kind AND belonging.id = session.id AND belonging.known_from <= session.day
    AND (belonging.known_until IS NULL OR session.day < belonging.known_until)
WHERE belonging.customer_id IS NOT NULL
ORDER BY session.day, session.session_id
