-- The newest rate of every currency and date before the window.
WITH newest AS (
    SELECT currency, rate_on, max(day) AS day FROM earlier GROUP BY currency, rate_on
)
SELECT e.day, concat(e.currency, '|', e.rate_on) AS record_id, e.content_hash
FROM earlier AS e
JOIN newest AS n ON n.currency = e.currency AND n.rate_on = e.rate_on AND n.day = e.day
