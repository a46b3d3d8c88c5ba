-- Changes that each day brought to what is known of the contacts with an identifier, by the day they were made.
-- A holdout is no contact; what it did nevertheless does not count as an answer to one.
WITH change AS (
    SELECT
        day,
        event_day,
        id_kind,
        id,
        campaign_id,
        channel,
        message,
        SUM(CASE WHEN is_holdout THEN 0 ELSE sign END) AS contacts,
        SUM(CASE WHEN is_holdout THEN sign ELSE 0 END) AS holdouts,
        SUM(CASE WHEN is_opened AND NOT is_holdout THEN sign ELSE 0 END) AS opens,
        SUM(CASE WHEN is_clicked AND NOT is_holdout THEN sign ELSE 0 END) AS clicks,
        SUM(CASE WHEN is_responded AND NOT is_holdout THEN sign ELSE 0 END) AS responses,
        SUM(sign * cost) AS cost_amount
    FROM campaign_contact
    WHERE id IS NOT NULL AND day BETWEEN $first AND $last
    GROUP BY day, event_day, id_kind, id, campaign_id, channel, message
)

SELECT
    day,
    event_day,
    id_kind,
    id,
    campaign_id,
    channel,
    message,
    contacts,
    holdouts,
    opens,
    clicks,
    responses,
    cost_amount
FROM change
WHERE
    contacts <> 0
    OR holdouts <> 0
    OR opens <> 0
    OR clicks <> 0
    OR responses <> 0
    OR cost_amount <> 0
