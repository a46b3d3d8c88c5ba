-- The calendar.
SELECT
    t.day, t.day_number, t.year, t.quarter, t.month, t.month_name, t.month_number, t.month_start, t.week_start,
    t.weekday, t.is_weekend
FROM dim_date AS t
