-- en: What does each persona spend its money on? Share of sales by category.
-- zh: 每个画像的钱花在哪些品类上？各品类销售额占比。
WITH spent AS (
    SELECT
        profile.segment_key,
        coalesce(product.category, 'unknown') AS category,
        sum(line.amount) AS sales
    FROM v_fct_order_line AS line
    JOIN v_customer_profile AS profile ON profile.customer_id = line.customer_id
    LEFT JOIN v_dim_product AS product ON product.product_id = line.product_id
    WHERE line.order_type = 'sale' AND line.line_type = 'item'
    GROUP BY profile.segment_key, coalesce(product.category, 'unknown')
)
SELECT
    persona.name_en, persona.name_zh, spent.category, spent.sales,
    spent.sales * 1.0 / sum(spent.sales) OVER (PARTITION BY spent.segment_key) AS share_of_sales
FROM spent
JOIN v_persona AS persona ON persona.segment_key = spent.segment_key
ORDER BY persona.name_en, spent.sales DESC, spent.category
