-- Who went from which segment to which within the last four weeks.
SELECT
    t.day, t.from_key, t.to_key, t.customers, t.share
FROM segment_transition AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
