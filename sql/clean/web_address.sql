-- What each address asked for on a day: pages, pages that came with a sign of a person (a referrer, a cookie, an
-- account), files that pages bring along, and robots.txt.
-- Inputs: records (split lines), files, pages.
SELECT
    f.day,
    r.address,
    count(CASE WHEN NOT coalesce(p.is_asset, FALSE) THEN 1 END) AS pages,
    count(CASE
        WHEN NOT coalesce(p.is_asset, FALSE) AND coalesce(r.referrer_host, r.visitor, r.account) IS NOT NULL THEN 1
    END) AS signed,
    count(CASE WHEN p.is_asset AND NOT coalesce(split_part(r.page, '?', 1) = '/robots.txt', FALSE) THEN 1 END) AS assets,
    count(CASE WHEN split_part(r.page, '?', 1) = '/robots.txt' THEN 1 END) AS robots
FROM records AS r
JOIN files AS f ON f.path_no = r.path_no
LEFT JOIN pages AS p ON p.page = r.page
WHERE r.method IS NOT NULL AND r.address IS NOT NULL
GROUP BY f.day, r.address
