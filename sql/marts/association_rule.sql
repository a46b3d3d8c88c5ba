-- Product titles stand beside the ids. Five products on the left-hand side are spelled out; ' + …' says there are more.
WITH version AS (
    SELECT product_id, title, row_number() OVER (PARTITION BY product_id ORDER BY day DESC) AS newest
    FROM clean_product
),
product AS (
    SELECT product_id, title FROM version WHERE newest = 1
),
part AS (
    SELECT
        rule.*,
        split_part(antecedent, ' | ', 1) AS id_1,
        split_part(antecedent, ' | ', 2) AS id_2,
        split_part(antecedent, ' | ', 3) AS id_3,
        split_part(antecedent, ' | ', 4) AS id_4,
        split_part(antecedent, ' | ', 5) AS id_5,
        split_part(antecedent, ' | ', 6) AS id_6
    FROM rules_rule AS rule
)
SELECT
    part.day, part.antecedent, part.consequent, part.length, part.baskets, part.support, part.confidence, part.lift,
    part.leverage, part.conviction, part.zhang, part.p_value, part.q_value, part.is_redundant,
    coalesce(product_1.title, part.id_1)
        || CASE WHEN part.id_2 <> '' THEN ' + ' || coalesce(product_2.title, part.id_2) ELSE '' END
        || CASE WHEN part.id_3 <> '' THEN ' + ' || coalesce(product_3.title, part.id_3) ELSE '' END
        || CASE WHEN part.id_4 <> '' THEN ' + ' || coalesce(product_4.title, part.id_4) ELSE '' END
        || CASE WHEN part.id_5 <> '' THEN ' + ' || coalesce(product_5.title, part.id_5) ELSE '' END
        || CASE WHEN part.id_6 <> '' THEN ' + …' ELSE '' END AS antecedent_title,
    coalesce(consequent.title, part.consequent) AS consequent_title
FROM part
LEFT JOIN product AS product_1 ON product_1.product_id = part.id_1
LEFT JOIN product AS product_2 ON product_2.product_id = part.id_2
LEFT JOIN product AS product_3 ON product_3.product_id = part.id_3
LEFT JOIN product AS product_4 ON product_4.product_id = part.id_4
LEFT JOIN product AS product_5 ON product_5.product_id = part.id_5
LEFT JOIN product AS consequent ON consequent.product_id = part.consequent
ORDER BY part.antecedent, part.consequent
