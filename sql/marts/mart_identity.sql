-- What changed in the map of identifiers on the changed days. A row of the map counts +1 if its identifier came to a
-- customer with it and -1 if it left one; a change of customer is neither.
WITH entry AS (
    SELECT
        id_kind, id, day, customer_id,
        row_number() OVER (PARTITION BY id_kind, id ORDER BY day) AS position,
        lag(customer_id) OVER (PARTITION BY id_kind, id ORDER BY day) AS customer_before
    FROM identity_map
),
appearance AS (
    SELECT
        id_kind, day,
        row_number() OVER (PARTITION BY customer_id ORDER BY day, id_kind, id) AS position
    FROM identity_map
    WHERE customer_id IS NOT NULL
),
change AS (
    SELECT
        day, id_kind,
        CASE WHEN position = 1 THEN 1 ELSE 0 END AS new_identifiers,
        CASE
            WHEN customer_id IS NOT NULL AND customer_before IS NULL THEN 1
            WHEN customer_id IS NULL AND customer_before IS NOT NULL THEN -1
            ELSE 0
        END AS customer_identifiers,
        0 AS new_customers, 0 AS merged, 0 AS split, 0 AS refused
    FROM entry
    UNION ALL
    SELECT day, id_kind, 0, 0, 1, 0, 0, 0
    FROM appearance
    WHERE position = 1
    UNION ALL
    SELECT
        day, id_kind, 0, 0, 0,
        CASE WHEN event = 'merged' THEN 1 ELSE 0 END,
        CASE WHEN event = 'split' THEN 1 ELSE 0 END,
        CASE WHEN event = 'refused' THEN 1 ELSE 0 END
    FROM identity_merge_event
)
SELECT
    change.day, change.id_kind,
    CAST(sum(change.new_identifiers) AS BIGINT) AS new_identifiers,
    CAST(sum(change.customer_identifiers) AS BIGINT) AS customer_identifiers,
    CAST(sum(change.new_customers) AS BIGINT) AS new_customers,
    CAST(sum(change.merged) AS BIGINT) AS merged,
    CAST(sum(change.split) AS BIGINT) AS split,
    CAST(sum(change.refused) AS BIGINT) AS refused
FROM change
JOIN changed ON changed.day = change.day
GROUP BY change.day, change.id_kind
ORDER BY change.day, change.id_kind
