-- What is known of contacts: the clean rows of the days before the window, and those of its days before anything is filled.
SELECT contact_id AS record_id, day, cost, channel, imputed FROM earlier WHERE sign = 1
UNION ALL
SELECT record_id, day, cost, channel, imputed FROM outcome WHERE outcome = 'clean'
