-- The association rules in force, with product titles.
SELECT
    t.day, t.antecedent, t.consequent, t.antecedent_title, t.consequent_title, t.length, t.baskets, t.support,
    t.confidence, t.lift, t.leverage, t.conviction, t.zhang, t.p_value, t.q_value, t.is_redundant
FROM association_rule AS t
JOIN pointer AS p ON p.publication_id = t.publication_id
