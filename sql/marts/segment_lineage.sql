SELECT day, segment_key, change, related_key, overlap, customers_before, customers
FROM segments_lineage
ORDER BY day, segment_key
