SELECT day, target, decile, customers, positives, lift, cumulative_gain
FROM scores_lift
ORDER BY day, target, decile
