-- Addresses that asked for more than $limit pages within a minute of the clock, with that minute. Only addresses
-- with so many pages in the day are counted by the minute: most have a few.
-- Inputs: records (split lines), files, pages, addresses (web_address.sql).
SELECT
    f.day,
    r.address,
    date_diff('minute', TIMESTAMP '1970-01-01 00:00:00', r.local_at - coalesce(r.offset_seconds, 0) * INTERVAL 1 SECOND) AS minute
FROM records AS r
JOIN files AS f ON f.path_no = r.path_no
JOIN addresses AS a ON a.day = f.day AND a.address = r.address AND a.pages > $limit
LEFT JOIN pages AS p ON p.page = r.page
WHERE r.method IS NOT NULL AND r.local_at IS NOT NULL AND NOT coalesce(p.is_asset, FALSE)
GROUP BY f.day, r.address, minute
HAVING count(*) > $limit
