-- Lift and gain of the champion by week and decile.
SELECT
    t.day, t.target, t.decile, t.customers, t.positives, t.lift, t.cumulative_gain
FROM mart_lift AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
