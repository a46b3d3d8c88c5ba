-- Contacts and what came of them by day, campaign, channel and message. Rates are of the contacts sent.
SELECT
    t.event_day, t.campaign_id, t.channel, t.message,
    sum(t.contacts) AS contacts,
    sum(t.holdouts) AS holdouts,
    sum(t.opens) AS opens,
    sum(t.clicks) AS clicks,
    sum(t.responses) AS responses,
    sum(t.opens) * 1.0 / nullif(sum(t.contacts), 0) AS open_rate,
    sum(t.clicks) * 1.0 / nullif(sum(t.contacts), 0) AS click_rate,
    sum(t.responses) * 1.0 / nullif(sum(t.contacts), 0) AS response_rate,
    sum(t.cost_amount_minor) * 1.0 / max(p.minor_per_unit) AS cost_amount,
    max(p.currency) AS currency
FROM mart_channel AS t
JOIN pointer AS p
    ON t.published_in <= p.publication_id AND (t.withdrawn_in IS NULL OR t.withdrawn_in > p.publication_id)
GROUP BY t.event_day, t.campaign_id, t.channel, t.message
HAVING sum(t.contacts) <> 0 OR sum(t.holdouts) <> 0 OR sum(t.responses) <> 0
