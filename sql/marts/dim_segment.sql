SELECT day, segment_key, name_en, name_zh, customers, share, change, overlap, is_stable, stability
FROM segments_segment
ORDER BY segment_key
