-- Predicted against observed, by week and decile.
SELECT
    t.day, t.target, t.decile, t.customers, t.mean_probability, t.observed_rate
FROM mart_calibration AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
