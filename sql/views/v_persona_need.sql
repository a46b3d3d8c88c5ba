-- What customers of each persona buy together more often than everybody.
SELECT
    t.segment_key, t.as_of, t.rank, t.antecedent, t.consequent, t.antecedent_title, t.consequent_title, t.text_en,
    t.text_zh, t.baskets, t.support, t.base_support, t.tgi, t.confidence, t.lift, t.leverage, t.q_value,
    t.customers, t.unmet_customers
FROM persona_need AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
