-- Addresses that behaved like robots all day: many pages ($pages), or robots.txt, and no file that pages bring along,
-- no referrer, no cookie, no account. Only on days on which half of the addresses that asked for a page show such a
-- sign: where a log holds none, or a shop has browsers send none, their absence says nothing. Addresses are counted
-- for that, not pages: a few busy robots would outvote the people.
-- Inputs: addresses (web_address.sql).
WITH by_day AS (
    SELECT day, count(*) AS addresses, count(CASE WHEN signed > 0 THEN 1 END) AS showing
    FROM addresses
    WHERE pages > 0
    GROUP BY day
)
SELECT a.day, a.address
FROM addresses AS a
JOIN by_day AS d ON d.day = a.day
WHERE $pages > 0
    AND a.signed = 0 AND a.assets = 0 AND (a.pages >= $pages OR a.robots > 0)
    AND d.showing * 2 >= d.addresses
