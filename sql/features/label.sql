-- Outcomes of the eligible customers: who counts is decided by what was known at as_of, what happened by what is
-- known on day (as_of + horizon). A customer merged into another meanwhile keeps its row; the event counts for each.
WITH belonging AS (
    SELECT
        id_kind,
        id,
        customer_id,
        day AS known_from,
        LEAD(day) OVER (PARTITION BY id_kind, id ORDER BY day) AS known_until
    FROM "map"
),

known_member AS (
    SELECT
        period.as_of AS as_of,
        belonging.customer_id AS customer_id,
        belonging.id_kind AS id_kind,
        belonging.id AS id
    FROM (SELECT DISTINCT as_of FROM period) AS period
    INNER JOIN belonging
        ON
            belonging.known_from <= period.as_of
            AND (belonging.known_until IS NULL OR belonging.known_until > period.as_of)
            AND belonging.customer_id IS NOT NULL
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
        period.is_order AS is_order,
        period.as_of AS as_of,
        period.day AS day,
        order_before.customer_id AS customer_id
    FROM period
    INNER JOIN order_before
        ON order_before.as_of = period.as_of
    GROUP BY
        period.target,
        period.horizon_days,
        period.is_order,
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
        belonging.customer_id AS customer_id,
        belonging.id_kind AS id_kind,
        belonging.id AS id
    FROM (SELECT DISTINCT as_of, day FROM period) AS period
    INNER JOIN belonging
        ON
            belonging.known_from <= period.day
            AND (belonging.known_until IS NULL OR belonging.known_until > period.day)
            AND belonging.customer_id IS NOT NULL
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

buyer AS (
    SELECT DISTINCT
        known_member.as_of AS as_of,
        order_after.day AS day,
        known_member.customer_id AS customer_id
    FROM order_after
    INNER JOIN later_member
        ON
            later_member.as_of = order_after.as_of
            AND later_member.day = order_after.day
            AND later_member.customer_id = order_after.customer_id
    INNER JOIN known_member
        ON
            known_member.as_of = later_member.as_of
            AND known_member.id_kind = later_member.id_kind
            AND known_member.id = later_member.id
)

SELECT
    eligible.day AS day,
    eligible.as_of AS as_of,
    eligible.customer_id AS customer_id,
    eligible.target AS target,
    eligible.horizon_days AS horizon_days,
    (buyer.customer_id IS NOT NULL) = eligible.is_order AS label
FROM eligible
LEFT JOIN buyer
    ON
        buyer.as_of = eligible.as_of
        AND buyer.day = eligible.day
        AND buyer.customer_id = eligible.customer_id
