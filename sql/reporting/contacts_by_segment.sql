-- Campaign contacts of the last days and what came of them, by segment (empty: of nobody known), channel and message.
WITH newest AS (
    SELECT id_kind, id, customer_id, row_number() OVER (PARTITION BY id_kind, id ORDER BY day DESC) AS position
    FROM map
)
SELECT
    membership.segment_key,
    contact_day.channel,
    contact_day.message,
    CAST(sum(contact_day.contacts) AS BIGINT) AS contacts,
    CAST(sum(contact_day.holdouts) AS BIGINT) AS holdouts,
    CAST(sum(contact_day.opens) AS BIGINT) AS opens,
    CAST(sum(contact_day.clicks) AS BIGINT) AS clicks,
    CAST(sum(contact_day.responses) AS BIGINT) AS responses,
    CAST(sum(contact_day.cost_amount) AS DECIMAL(18, 4)) AS cost_amount
FROM contact_day
LEFT JOIN newest ON newest.id_kind = contact_day.id_kind AND newest.id = contact_day.id AND newest.position = 1
LEFT JOIN membership ON membership.customer_id = newest.customer_id
WHERE contact_day.event_day > $since AND contact_day.event_day <= $day
GROUP BY membership.segment_key, contact_day.channel, contact_day.message
ORDER BY membership.segment_key NULLS LAST, contact_day.channel, contact_day.message
