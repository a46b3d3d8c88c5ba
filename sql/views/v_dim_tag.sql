-- Every tag that a customer carries, and how many carry it.
SELECT
    t.tag, t.tag_group, t.customers
FROM dim_tag AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
