-- How often each rule holds in the baskets of each persona ('none': of nobody who has one). Baskets are those the rules
-- were mined from: of the days ($after, $week], as known at the end of $week. Who belongs to a persona is that of $day.
WITH item AS (
    SELECT order_id, product_id
    FROM basket_item
    WHERE event_day > $after AND event_day <= $week
    GROUP BY order_id, product_id
    HAVING sum(quantity) > 0
),
buyer AS (
    SELECT
        order_id,
        id_kind,
        id,
        row_number() OVER (PARTITION BY order_id ORDER BY sum(quantity) DESC, id_kind, id) AS position
    FROM basket_item
    WHERE event_day > $after AND event_day <= $week AND id IS NOT NULL
    GROUP BY order_id, id_kind, id
),
identifier AS (
    SELECT
        id_kind,
        id,
        customer_id,
        row_number() OVER (PARTITION BY id_kind, id ORDER BY day DESC) AS newest
    FROM identity_map
    WHERE day <= $day
),
member AS (
    SELECT buyer.order_id, profile.customer_id, profile.segment_key
    FROM buyer
    INNER JOIN identifier
        ON identifier.id_kind = buyer.id_kind AND identifier.id = buyer.id AND identifier.newest = 1
    INNER JOIN profile ON profile.customer_id = identifier.customer_id
    WHERE buyer.position = 1 AND profile.segment_key IS NOT NULL
),
persona AS (
    SELECT
        coalesce(member.segment_key, 'none') AS segment_key,
        count(DISTINCT item.order_id) AS baskets
    FROM item
    LEFT JOIN member ON member.order_id = item.order_id
    GROUP BY coalesce(member.segment_key, 'none')
),
part AS (
    SELECT
        item.order_id,
        rule_item.rule_number,
        count(*) AS items,
        sum(rule_item.is_consequent) AS consequents,
        max(rule_item.length) AS length
    FROM item
    INNER JOIN rule_item ON rule_item.product_id = item.product_id
    GROUP BY item.order_id, rule_item.rule_number
),
bought AS (
    SELECT
        part.rule_number,
        coalesce(member.segment_key, 'none') AS segment_key,
        member.customer_id,
        sum(CASE WHEN part.items - part.consequents = part.length - 1 THEN 1 ELSE 0 END) AS antecedents,
        sum(part.consequents) AS consequents,
        sum(CASE WHEN part.items = part.length THEN 1 ELSE 0 END) AS baskets
    FROM part
    LEFT JOIN member ON member.order_id = part.order_id
    GROUP BY part.rule_number, coalesce(member.segment_key, 'none'), member.customer_id
),
held AS (
    SELECT
        rule_number,
        segment_key,
        sum(antecedents) AS antecedents,
        sum(consequents) AS consequents,
        sum(baskets) AS baskets,
        sum(CASE WHEN baskets > 0 THEN 1 ELSE 0 END) AS customers,
        sum(CASE WHEN antecedents > 0 AND consequents = 0 THEN 1 ELSE 0 END) AS unmet_customers
    FROM bought
    GROUP BY rule_number, segment_key
)
SELECT
    rule.rule_number,
    persona.segment_key,
    CAST(persona.baskets AS BIGINT) AS persona_baskets,
    CAST(coalesce(held.antecedents, 0) AS BIGINT) AS antecedents,
    CAST(coalesce(held.consequents, 0) AS BIGINT) AS consequents,
    CAST(coalesce(held.baskets, 0) AS BIGINT) AS baskets,
    CAST(coalesce(held.customers, 0) AS BIGINT) AS customers,
    CAST(coalesce(held.unmet_customers, 0) AS BIGINT) AS unmet_customers
FROM persona
CROSS JOIN (SELECT DISTINCT rule_number FROM rule_item) AS rule
LEFT JOIN held ON held.rule_number = rule.rule_number AND held.segment_key = persona.segment_key
ORDER BY rule.rule_number, persona.segment_key
