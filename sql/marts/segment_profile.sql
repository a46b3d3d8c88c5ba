SELECT
    day, segment_key, feature, mean, median, base_mean, tgi, difference, effect_size, example_1, example_2, example_3,
    evidence_rank
FROM segments_segment_profile
ORDER BY segment_key, evidence_rank
