-- en: Which products are most often the first offers of each persona? The first five of each.
-- zh: 每个画像最常被优先推荐的商品是哪些？每个画像取前五名。
WITH offered AS (
    SELECT
        profile.segment_key, recommendation.product_id,
        count(*) AS customers,
        sum(CASE WHEN recommendation.rank = 1 THEN 1 ELSE 0 END) AS first_for
    FROM v_recommendation AS recommendation
    JOIN v_customer_profile AS profile ON profile.customer_id = recommendation.customer_id
    WHERE recommendation.rank <= 3
    GROUP BY profile.segment_key, recommendation.product_id
),
ranked AS (
    SELECT
        segment_key, product_id, customers, first_for,
        row_number() OVER (PARTITION BY segment_key ORDER BY customers DESC, first_for DESC, product_id) AS position
    FROM offered
)
SELECT
    persona.name_en, persona.name_zh, ranked.position,
    coalesce(product.title, ranked.product_id) AS title,
    coalesce(product.category, 'unknown') AS category,
    ranked.customers, ranked.first_for
FROM ranked
JOIN v_persona AS persona ON persona.segment_key = ranked.segment_key
LEFT JOIN v_dim_product AS product ON product.product_id = ranked.product_id
WHERE ranked.position <= 5
ORDER BY persona.name_en, ranked.position
