-- Campaign contacts of the changed days, whether or not the person is known. Costs are summed before they are rounded
-- to minor units: a single e-mail costs less than one.
SELECT
    fact.day, fact.event_day, fact.campaign_id, fact.channel, fact.message,
    CAST(sum(fact.contacts) AS BIGINT) AS contacts,
    CAST(sum(fact.holdouts) AS BIGINT) AS holdouts,
    CAST(sum(fact.opens) AS BIGINT) AS opens,
    CAST(sum(fact.clicks) AS BIGINT) AS clicks,
    CAST(sum(fact.responses) AS BIGINT) AS responses,
    CAST(sum(fact.cost_amount) AS DECIMAL(18, 4)) AS cost_amount
FROM facts_contact_day AS fact
JOIN changed ON changed.day = fact.day
GROUP BY fact.day, fact.event_day, fact.campaign_id, fact.channel, fact.message
ORDER BY fact.day, fact.event_day, fact.campaign_id, fact.channel, fact.message
