-- Who belongs to each segment in force, in words.
SELECT
    t.day, t.segment_key, t.rank, t.text_en, t.text_zh, t.definition, t.customers, t.precision, t.recall
FROM segment_rule AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
