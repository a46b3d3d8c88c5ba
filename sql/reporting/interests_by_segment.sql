-- Product pages that the members of each segment saw in the last days, by category.
WITH newest AS (
    SELECT id_kind, id, customer_id, row_number() OVER (PARTITION BY id_kind, id ORDER BY day DESC) AS position
    FROM map
)
SELECT
    membership.segment_key,
    product_view.category,
    CAST(sum(product_view.views) AS BIGINT) AS views
FROM product_view
INNER JOIN newest ON newest.id_kind = product_view.id_kind AND newest.id = product_view.id AND newest.position = 1
INNER JOIN membership ON membership.customer_id = newest.customer_id
WHERE membership.segment_key IS NOT NULL AND product_view.event_day > $since AND product_view.event_day <= $day
GROUP BY membership.segment_key, product_view.category
ORDER BY membership.segment_key, product_view.category
