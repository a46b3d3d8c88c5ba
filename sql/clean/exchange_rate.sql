-- Rates that are new or changed.
SELECT day, currency, rate_on, rate, source, content_hash FROM outcome WHERE outcome = 'clean'
