-- en: How much of what each source delivered could be used, month by month?
-- zh: 每个月各数据源交付的数据有多少可用？
SELECT
    calendar.month_name, quality.source,
    sum(quality.files) AS files,
    sum(quality.records_in) AS records_in,
    sum(quality.clean) AS clean,
    sum(quality.rejected) AS rejected,
    sum(quality.duplicate) AS duplicate,
    sum(quality.clean) * 1.0 / nullif(sum(quality.records_in), 0) AS clean_share,
    sum(quality.rejected) * 1.0 / nullif(sum(quality.records_in), 0) AS rejected_share
FROM v_mart_data_quality AS quality
JOIN v_dim_date AS calendar ON calendar.day = quality.day
GROUP BY calendar.month_name, quality.source
ORDER BY calendar.month_name, quality.source
