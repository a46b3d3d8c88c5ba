-- Products that each customer looked at, as known now.
SELECT
    t.customer_id, t.product_id, t.category, t.event_day,
    sum(t.views) AS views,
    sum(t.cart_adds) AS cart_adds
FROM fct_product_view AS t
JOIN pointer AS p
    ON t.published_in <= p.publication_id AND (t.withdrawn_in IS NULL OR t.withdrawn_in > p.publication_id)
GROUP BY t.customer_id, t.product_id, t.category, t.event_day
