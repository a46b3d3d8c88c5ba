-- Who entered and left which segment on the changed Sundays: each Sunday's snapshot against the one a week before.
WITH now_in AS (
    SELECT membership.customer_id, membership.day, membership.segment_key
    FROM segments_membership AS membership
    JOIN changed ON changed.day = membership.day
),
before_in AS (
    SELECT membership.customer_id, changed.day, membership.segment_key
    FROM segments_membership AS membership
    JOIN changed ON changed.week_before = membership.day
)
SELECT
    coalesce(now_in.day, before_in.day) AS day,
    coalesce(now_in.customer_id, before_in.customer_id) AS customer_id,
    now_in.segment_key,
    before_in.segment_key AS previous_segment_key
FROM now_in
FULL OUTER JOIN before_in ON before_in.customer_id = now_in.customer_id AND before_in.day = now_in.day
WHERE coalesce(now_in.segment_key, '') <> coalesce(before_in.segment_key, '')
ORDER BY 1, 2
