-- en: How many customers moved from which segment to which, month by month?
-- zh: 每个月有多少客户从哪个分群转移到哪个分群？
SELECT
    calendar.month_name,
    coalesce(segment_left.name_en, movement.previous_segment_key, 'new') AS from_segment,
    coalesce(segment_entered.name_en, movement.segment_key, 'gone') AS to_segment,
    count(*) AS customers
FROM v_segment_membership AS movement
JOIN v_dim_date AS calendar ON calendar.day = movement.entered_on
LEFT JOIN v_dim_segment AS segment_left ON segment_left.segment_key = movement.previous_segment_key
LEFT JOIN v_dim_segment AS segment_entered ON segment_entered.segment_key = movement.segment_key
GROUP BY
    calendar.month_name, movement.previous_segment_key, movement.segment_key, segment_left.name_en,
    segment_entered.name_en
ORDER BY calendar.month_name, customers DESC, from_segment, to_segment
