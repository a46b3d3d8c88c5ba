-- Posts of the days before the window, by record.
SELECT *, post_id AS record_id FROM earlier
