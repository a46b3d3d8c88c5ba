-- Addresses that behaved like robots all day: many pages ($pages), or robots.txt, and no file that pages bring along,
-- no referrer, no cookie, no account. Only on days on which most pages came with such a sign: where a log shows none,
-- or a shop sends none, their absence says nothing.
-- Inputs: addresses (web_address.sql).
WITH by_day AS (
    SELECT day, CAST(sum(pages) AS BIGINT) AS pages, CAST(sum(signed) AS BIGINT) AS signed
    FROM addresses
    GROUP BY day
)
SELECT a.day, a.address
FROM addresses AS a
JOIN by_day AS d ON d.day = a.day
WHERE $pages > 0
    AND a.signed = 0 AND a.assets = 0 AND (a.pages >= $pages OR a.robots > 0)
    AND d.signed * 2 > d.pages
