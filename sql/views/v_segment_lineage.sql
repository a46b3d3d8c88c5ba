-- What became of every segment at each refit.
SELECT
    t.day, t.segment_key, t.change, t.related_key, t.overlap, t.customers_before, t.customers
FROM segment_lineage AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
