-- en: How many customers does each tag reach, what do they spend, and how likely are they to buy?
-- zh: 每个标签覆盖多少客户？他们消费多少，购买概率有多高？
SELECT
    tag.tag_group, tag.tag,
    count(*) AS customers,
    sum(profile.sales_365d) AS sales_365d,
    avg(profile.buy_probability) AS mean_buy_probability
FROM v_customer_tag AS tag
JOIN v_customer_profile AS profile ON profile.customer_id = tag.customer_id
GROUP BY tag.tag_group, tag.tag
ORDER BY tag.tag_group, customers DESC, tag.tag
