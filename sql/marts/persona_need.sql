SELECT
    as_of, segment_key, rank, antecedent, consequent, antecedent_title, consequent_title, text_en, text_zh, baskets,
    support, base_support, tgi, confidence, lift, leverage, q_value, customers, unmet_customers
FROM profiles_persona_need
ORDER BY segment_key, rank
