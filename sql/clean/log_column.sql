-- Lines of access logs by file, and how many of them tell what a log may or may not tell.
SELECT
    path_no, count(account) AS account, count(visitor) AS visitor, count(bytes) AS bytes,
    count(referrer_host) AS referrer, count(agent) AS agent
FROM record
WHERE reason IS NULL
GROUP BY path_no
