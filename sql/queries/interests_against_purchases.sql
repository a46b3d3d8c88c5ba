-- en: Which categories does each persona look at more than it buys, and the reverse?
-- zh: 每个画像在哪些品类上看得多买得少，或看得少买得多？
WITH seen AS (
    SELECT profile.segment_key, product.category, sum(product.views) AS views
    FROM v_fct_product_view AS product
    JOIN v_customer_profile AS profile ON profile.customer_id = product.customer_id
    GROUP BY profile.segment_key, product.category
),
bought AS (
    SELECT
        profile.segment_key,
        coalesce(product.category, 'unknown') AS category,
        sum(line.quantity) AS units
    FROM v_fct_order_line AS line
    JOIN v_customer_profile AS profile ON profile.customer_id = line.customer_id
    LEFT JOIN v_dim_product AS product ON product.product_id = line.product_id
    WHERE line.order_type = 'sale' AND line.line_type = 'item'
    GROUP BY profile.segment_key, coalesce(product.category, 'unknown')
),
either AS (
    SELECT segment_key, category, views, 0 AS units FROM seen
    UNION ALL
    SELECT segment_key, category, 0, units FROM bought
),
compared AS (
    SELECT
        segment_key, category,
        sum(views) AS views,
        sum(units) AS units,
        sum(sum(views)) OVER (PARTITION BY segment_key) AS all_views,
        sum(sum(units)) OVER (PARTITION BY segment_key) AS all_units
    FROM either
    GROUP BY segment_key, category
)
SELECT
    persona.name_en, persona.name_zh, compared.category, compared.views, compared.units,
    compared.views * 1.0 / nullif(compared.all_views, 0) AS share_of_views,
    compared.units * 1.0 / nullif(compared.all_units, 0) AS share_of_units
FROM compared
JOIN v_persona AS persona ON persona.segment_key = compared.segment_key
ORDER BY persona.name_en, compared.views DESC, compared.category
