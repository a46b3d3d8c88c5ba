-- Contacts of the days before the window, by record.
SELECT *, contact_id AS record_id FROM earlier
