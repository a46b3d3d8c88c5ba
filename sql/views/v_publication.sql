-- The publication that the other views show.
SELECT t.publication_id, t.as_of, t.run_id, t.published_at, t.currency, t.reason, t.accepted_by
FROM publication AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
