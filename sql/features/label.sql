-- Outcomes of the eligible customers: for orders, who counts is decided by what was known at as_of; for responses, by
-- who was contacted in the horizon. What happened is what is known on day (as_of + horizon). A customer merged into
-- another meanwhile keeps its row; the event counts for each.
WITH membership AS (
    SELECT
        "map".id_kind AS id_kind,
        "map".id AS id,
        "map".customer_id AS customer_id,
        "map".day AS first_day,
        LEAD("map".day) OVER (PARTITION BY "map".id_kind, "map".id ORDER BY "map".day) AS next_day
    FROM "map"
),

known_member AS (
    SELECT
        period.as_of AS as_of,
        membership.customer_id AS customer_id,
        membership.id_kind AS id_kind,
        membership.id AS id
    FROM (SELECT DISTINCT as_of FROM period) AS period
    INNER JOIN membership
        ON
            membership.first_day <= period.as_of
            AND (membership.next_day IS NULL OR membership.next_day > period.as_of)
            AND membership.customer_id IS NOT NULL
),

order_before AS (
    SELECT
        known_member.as_of AS as_of,
        known_member.customer_id AS customer_id,
        order_day.event_day AS event_day,
        SUM(order_day.orders) AS orders
    FROM known_member
    INNER JOIN order_day
        ON
            order_day.id_kind = known_member.id_kind
            AND order_day.id = known_member.id
            AND order_day.day <= known_member.as_of
            AND order_day.event_day <= known_member.as_of
    GROUP BY known_member.as_of, known_member.customer_id, order_day.event_day
),

eligible AS (
    SELECT
        period.target AS target,
        period.horizon_days AS horizon_days,
        period.event AS event,
        period.as_of AS as_of,
        period.day AS day,
        order_before.customer_id AS customer_id
    FROM period
    INNER JOIN order_before
        ON order_before.as_of = period.as_of
    WHERE period.event <> 'response'
    GROUP BY
        period.target,
        period.horizon_days,
        period.event,
        period.as_of,
        period.day,
        period.minimum_orders,
        period.minimum_recent_orders,
        period.recent_days,
        order_before.customer_id
    HAVING
        SUM(order_before.orders) >= period.minimum_orders
        AND SUM(
            CASE
                WHEN DATE_DIFF('day', order_before.event_day, period.as_of) < period.recent_days
                    THEN order_before.orders
                ELSE 0
            END
        ) >= period.minimum_recent_orders
),

later_member AS (
    SELECT
        period.as_of AS as_of,
        period.day AS day,
        membership.customer_id AS customer_id,
        membership.id_kind AS id_kind,
        membership.id AS id
    FROM (SELECT DISTINCT as_of, day FROM period) AS period
    INNER JOIN membership
        ON
            membership.first_day <= period.day
            AND (membership.next_day IS NULL OR membership.next_day > period.day)
            AND membership.customer_id IS NOT NULL
),

order_after AS (
    SELECT
        later_member.as_of AS as_of,
        later_member.day AS day,
        later_member.customer_id AS customer_id,
        order_day.event_day AS event_day,
        SUM(order_day.orders) AS orders
    FROM later_member
    INNER JOIN order_day
        ON
            order_day.id_kind = later_member.id_kind
            AND order_day.id = later_member.id
            AND order_day.day <= later_member.day
            AND order_day.event_day > later_member.as_of
            AND order_day.event_day <= later_member.day
    GROUP BY later_member.as_of, later_member.day, later_member.customer_id, order_day.event_day
    HAVING SUM(order_day.orders) > 0
),

same_customer AS (
    SELECT DISTINCT
        later_member.as_of AS as_of,
        later_member.day AS day,
        later_member.customer_id AS later_customer_id,
        known_member.customer_id AS customer_id
    FROM later_member
    INNER JOIN known_member
        ON
            known_member.as_of = later_member.as_of
            AND known_member.id_kind = later_member.id_kind
            AND known_member.id = later_member.id
),

buyer AS (
    SELECT DISTINCT
        same_customer.as_of AS as_of,
        same_customer.day AS day,
        same_customer.customer_id AS customer_id
    FROM order_after
    INNER JOIN same_customer
        ON
            same_customer.as_of = order_after.as_of
            AND same_customer.day = order_after.day
            AND same_customer.later_customer_id = order_after.customer_id
),

contact_after AS (
    SELECT
        later_member.as_of AS as_of,
        later_member.day AS day,
        later_member.customer_id AS customer_id,
        contact_day.event_day AS event_day,
        SUM(contact_day.contacts) AS contacts,
        SUM(contact_day.responses) AS responses
    FROM later_member
    INNER JOIN contact_day
        ON
            contact_day.id_kind = later_member.id_kind
            AND contact_day.id = later_member.id
            AND contact_day.day <= later_member.day
            AND contact_day.event_day > later_member.as_of
            AND contact_day.event_day <= later_member.day
    GROUP BY later_member.as_of, later_member.day, later_member.customer_id, contact_day.event_day
    HAVING SUM(contact_day.contacts) > 0
),

contacted AS (
    SELECT
        same_customer.as_of AS as_of,
        same_customer.day AS day,
        same_customer.customer_id AS customer_id,
        SUM(contact_after.responses) > 0 AS is_responded
    FROM contact_after
    INNER JOIN same_customer
        ON
            same_customer.as_of = contact_after.as_of
            AND same_customer.day = contact_after.day
            AND same_customer.later_customer_id = contact_after.customer_id
    GROUP BY same_customer.as_of, same_customer.day, same_customer.customer_id
)

SELECT
    eligible.day AS day,
    eligible.as_of AS as_of,
    eligible.customer_id AS customer_id,
    eligible.target AS target,
    eligible.horizon_days AS horizon_days,
    (buyer.customer_id IS NOT NULL) = (eligible.event = 'order') AS label
FROM eligible
LEFT JOIN buyer
    ON
        buyer.as_of = eligible.as_of
        AND buyer.day = eligible.day
        AND buyer.customer_id = eligible.customer_id
UNION ALL
SELECT
    period.day AS day,
    period.as_of AS as_of,
    contacted.customer_id AS customer_id,
    period.target AS target,
    period.horizon_days AS horizon_days,
    contacted.is_responded AS label
FROM period
INNER JOIN contacted
    ON
        contacted.as_of = period.as_of
        AND contacted.day = period.day
WHERE period.event = 'response'
