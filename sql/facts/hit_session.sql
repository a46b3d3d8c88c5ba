-- Hits with the number of their session. Inputs: hit (hit.sql), hit_order (hit_order.sql).
SELECT
    hit.*,
    COALESCE(hit_order.session_no, 1) AS session_no,
    hit.is_seen AND hit.page_type = 'product' AS is_product_view
FROM hit
LEFT JOIN hit_order ON hit_order.hit_no = hit.hit_no AND hit_order.source = hit.source AND hit_order.day = hit.day
