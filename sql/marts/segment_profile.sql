SELECT day, segment_key, feature, mean, base_mean, difference, evidence_rank
FROM segments_segment_profile
ORDER BY segment_key, evidence_rank
