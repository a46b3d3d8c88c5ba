-- Campaign contacts of customers, for the changed days: the facts of their identifiers, added up.
WITH belonging AS (
    SELECT
        id_kind, id, customer_id, day AS known_from,
        lead(day) OVER (PARTITION BY id_kind, id ORDER BY day) AS known_until
    FROM identity_map
)
SELECT
    fact.day, belonging.customer_id, fact.campaign_id, fact.channel, fact.message, fact.event_day,
    CAST(sum(fact.contacts) AS BIGINT) AS contacts,
    CAST(sum(fact.holdouts) AS BIGINT) AS holdouts,
    CAST(sum(fact.opens) AS BIGINT) AS opens,
    CAST(sum(fact.clicks) AS BIGINT) AS clicks,
    CAST(sum(fact.responses) AS BIGINT) AS responses,
    CAST(sum(fact.cost_amount) AS DECIMAL(18, 4)) AS cost_amount
FROM facts_contact_day AS fact
JOIN changed ON changed.day = fact.day
JOIN belonging
    ON belonging.id_kind = fact.id_kind AND belonging.id = fact.id AND belonging.known_from <= fact.day
    AND (belonging.known_until IS NULL OR fact.day < belonging.known_until)
WHERE belonging.customer_id IS NOT NULL
GROUP BY fact.day, belonging.customer_id, fact.campaign_id, fact.channel, fact.message, fact.event_day
ORDER BY fact.day, belonging.customer_id, fact.campaign_id, fact.channel, fact.message, fact.event_day
