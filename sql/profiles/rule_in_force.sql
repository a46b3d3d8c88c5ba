-- The rules of the week that are neither chance nor said by a shorter one, the strongest $rules of them.
SELECT antecedent, consequent, length
FROM rule
WHERE NOT is_redundant AND q_value < $significant AND lift > 1
ORDER BY lift DESC, baskets DESC, antecedent, consequent
LIMIT $rules
