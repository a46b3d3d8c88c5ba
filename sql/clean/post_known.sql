-- Texts of accepted posts, and the day as of which the catalogue may speak of them.
SELECT day, record_id, coalesce(text, '') AS text, least(event_day, day) AS known_day FROM outcome WHERE outcome = 'clean'
