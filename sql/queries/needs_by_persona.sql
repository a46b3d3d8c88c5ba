-- en: What does each persona buy together more than everybody, and how many of its customers lack the second product?
-- zh: 每个画像比全体更常一起购买什么？其中多少客户只买了前者？
SELECT
    persona.name_en, persona.name_zh, need.rank, need.text_en, need.text_zh, need.confidence, need.tgi,
    need.unmet_customers
FROM v_persona_need AS need
JOIN v_persona AS persona ON persona.segment_key = need.segment_key
ORDER BY persona.name_en, need.rank
