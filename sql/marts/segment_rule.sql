SELECT day, segment_key, rank, text_en, text_zh, definition, customers, precision, recall
FROM segments_rule
ORDER BY segment_key, rank
