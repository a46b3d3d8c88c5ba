-- Campaign contacts of each customer, as known now. Costs are rounded to minor units per customer and day.
SELECT
    t.customer_id, t.campaign_id, t.channel, t.message, t.event_day,
    sum(t.contacts) AS contacts,
    sum(t.holdouts) AS holdouts,
    sum(t.opens) AS opens,
    sum(t.clicks) AS clicks,
    sum(t.responses) AS responses,
    sum(t.cost_amount_minor) * 1.0 / max(p.minor_per_unit) AS cost_amount,
    max(p.currency) AS currency
FROM fct_contact AS t
JOIN pointer AS p
    ON t.published_in <= p.publication_id AND (t.withdrawn_in IS NULL OR t.withdrawn_in > p.publication_id)
GROUP BY t.customer_id, t.campaign_id, t.channel, t.message, t.event_day
HAVING sum(t.contacts) <> 0 OR sum(t.holdouts) <> 0 OR sum(t.responses) <> 0
