-- Addresses that behaved like robots all day: many pages ($pages), or robots.txt, and no file that pages bring along,
-- no referrer, no cookie, no account. Only on days on which most pages came with such a sign: where a log shows none,
-- or a shop sends none, their absence says nothing.
-- Inputs: minutes (web_minute.sql).
WITH by_address AS (
    SELECT
        day, address, CAST(sum(pages) AS BIGINT) AS pages, CAST(sum(signed) AS BIGINT) AS signed,
        CAST(sum(assets) AS BIGINT) AS assets, CAST(sum(robots) AS BIGINT) AS robots
    FROM minutes
    GROUP BY day, address
),
by_day AS (
    SELECT day, CAST(sum(pages) AS BIGINT) AS pages, CAST(sum(signed) AS BIGINT) AS signed
    FROM by_address
    GROUP BY day
)
SELECT a.day, a.address
FROM by_address AS a
JOIN by_day AS d ON d.day = a.day
WHERE $pages > 0
    AND a.signed = 0 AND a.assets = 0 AND (a.pages >= $pages OR a.robots > 0)
    AND d.signed * 2 > d.pages
