-- en: Which products are bought together most strongly, beyond chance and without repeating a shorter rule?
-- zh: 哪些商品最常被一起购买（排除偶然和被更短规则覆盖的规则）？
SELECT antecedent_title, consequent_title, baskets, support, confidence, lift
FROM v_association_rule
WHERE q_value <= 0.05 AND lift > 1 AND NOT is_redundant
ORDER BY lift DESC, baskets DESC, antecedent, consequent
LIMIT 20
