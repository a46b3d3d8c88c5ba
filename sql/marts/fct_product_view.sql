-- Products that customers looked at, for the changed days: the facts of their identifiers, added up.
WITH belonging AS (
    SELECT
        id_kind, id, customer_id, day AS known_from,
        lead(day) OVER (PARTITION BY id_kind, id ORDER BY day) AS known_until
    FROM identity_map
)
SELECT
    fact.day, belonging.customer_id, fact.product_id, fact.category, fact.event_day,
    CAST(sum(fact.views) AS BIGINT) AS views,
    CAST(sum(fact.cart_adds) AS BIGINT) AS cart_adds
FROM facts_product_view AS fact
JOIN changed ON changed.day = fact.day
JOIN belonging
    ON belonging.id_kind = fact.id_kind AND belonging.id = fact.id AND belonging.known_from <= fact.day
    AND (belonging.known_until IS NULL OR fact.day < belonging.known_until)
WHERE belonging.customer_id IS NOT NULL
GROUP BY fact.day, belonging.customer_id, fact.product_id, fact.category, fact.event_day
ORDER BY fact.day, belonging.customer_id, fact.product_id, fact.category, fact.event_day
