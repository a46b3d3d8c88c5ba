-- Who went from which segment to which between two days; 'none' for customers without a segment on one of them.
WITH moved AS (
    SELECT
        coalesce(before_in.segment_key, 'none') AS from_key,
        coalesce(now_in.segment_key, 'none') AS to_key,
        count(*) AS customers
    FROM now_in
    FULL OUTER JOIN before_in ON before_in.customer_id = now_in.customer_id
    GROUP BY 1, 2
),
seen AS (
    SELECT
        from_key,
        to_key,
        customers,
        sum(customers) OVER (PARTITION BY from_key) AS customers_before
    FROM moved
    WHERE from_key <> 'none' OR to_key <> 'none'
)
SELECT
    CAST($day AS DATE) AS day,
    from_key,
    to_key,
    CAST(customers AS BIGINT) AS customers,
    CAST(customers AS DOUBLE) / CAST(customers_before AS DOUBLE) AS share
FROM seen
ORDER BY from_key, to_key
