SELECT day, target, decile, customers, mean_probability, observed_rate
FROM scores_lift
ORDER BY day, target, decile
