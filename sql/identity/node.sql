-- Identifiers of the graph, numbered by kind and id: when each was first known, whether it is on the deny-list,
-- and its customer before the window.
WITH sighting AS (
    SELECT id_kind, id, day FROM order_line WHERE id IS NOT NULL
    UNION ALL
    SELECT id_kind, id, day FROM customer
    UNION ALL
    SELECT id_kind, id, day FROM social_post WHERE id IS NOT NULL
    UNION ALL
    SELECT id_kind, id, day FROM campaign_contact WHERE id IS NOT NULL
    UNION ALL
    SELECT id_kind, id, day FROM fresh
    UNION ALL
    SELECT other_kind AS id_kind, other_id AS id, day FROM fresh
),

-- an identifier that makes no customer is of interest as part of a pair only
known AS (
    SELECT id_kind, id, day FROM sighting WHERE id_kind IN ('account', 'crm', 'email')
    UNION ALL
    SELECT id_kind, id, day FROM link
    UNION ALL
    SELECT other_kind AS id_kind, other_id AS id, day FROM link
    UNION ALL
    SELECT id_kind, id, day FROM identity_map
),

first_known AS (
    SELECT id_kind, id, MIN(day) AS day FROM known GROUP BY id_kind, id
),

version AS (
    SELECT
        id_kind, id, customer_id,
        ROW_NUMBER() OVER (PARTITION BY id_kind, id ORDER BY day DESC) AS newest
    FROM identity_map
)

SELECT
    ROW_NUMBER() OVER (ORDER BY kind.rank, first_known.id) - 1 AS code,
    first_known.id_kind,
    first_known.id,
    kind.rank,
    first_known.day,
    (denied.id IS NOT NULL) AS is_denied,
    version.customer_id
FROM first_known
INNER JOIN kind ON kind.id_kind = first_known.id_kind
LEFT JOIN denied ON denied.id_kind = first_known.id_kind AND denied.id = first_known.id
LEFT JOIN version ON version.id_kind = first_known.id_kind AND version.id = first_known.id AND version.newest = 1
