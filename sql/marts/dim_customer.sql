-- Attributes of customers as they became known, for the changed days. A customer is touched on the days on which one of
-- its identifiers or one of its records was new; a touch that changes nothing gives no row.
WITH touch AS (
    SELECT id_kind, id, day FROM identity_map
    UNION
    SELECT id_kind, id, day FROM clean_customer
),
belonging AS (
    SELECT
        id_kind, id, customer_id, day AS known_from,
        lead(day) OVER (PARTITION BY id_kind, id ORDER BY day) AS known_until
    FROM identity_map
),
touched AS (
    SELECT DISTINCT belonging.customer_id, touch.day
    FROM touch
    JOIN belonging
        ON belonging.id_kind = touch.id_kind AND belonging.id = touch.id AND belonging.known_from <= touch.day
        -- whom an identifier leaves is touched too
        AND (belonging.known_until IS NULL OR touch.day <= belonging.known_until)
    WHERE belonging.customer_id IS NOT NULL
),
record AS (
    SELECT
        touched.customer_id, touched.day, customer.gender, customer.region, customer.income_band,
        customer.registered_on,
        row_number() OVER (
            PARTITION BY touched.customer_id, touched.day
            ORDER BY customer.day DESC NULLS LAST, customer.id_kind, customer.id
        ) AS newest
    FROM touched
    JOIN belonging
        ON belonging.customer_id = touched.customer_id AND belonging.known_from <= touched.day
        AND (belonging.known_until IS NULL OR touched.day < belonging.known_until)
    LEFT JOIN clean_customer AS customer
        ON customer.id_kind = belonging.id_kind AND customer.id = belonging.id AND customer.day <= touched.day
),
version AS (
    SELECT
        customer_id, day,
        coalesce(gender, 'unknown') AS gender,
        coalesce(region, 'unknown') AS region,
        coalesce(income_band, 'unknown') AS income_band,
        registered_on
    FROM record
    WHERE newest = 1
),
compared AS (
    SELECT
        version.*,
        lag(gender) OVER (PARTITION BY customer_id ORDER BY day) AS gender_before,
        lag(region) OVER (PARTITION BY customer_id ORDER BY day) AS region_before,
        lag(income_band) OVER (PARTITION BY customer_id ORDER BY day) AS income_band_before,
        lag(registered_on) OVER (PARTITION BY customer_id ORDER BY day) AS registered_on_before
    FROM version
)
SELECT
    compared.day, compared.customer_id, compared.gender, compared.region, compared.income_band, compared.registered_on
FROM compared
JOIN changed ON changed.day = compared.day
WHERE compared.gender_before IS NULL
    OR compared.gender <> compared.gender_before
    OR compared.region <> compared.region_before
    OR compared.income_band <> compared.income_band_before
    OR coalesce(compared.registered_on <> compared.registered_on_before,
        compared.registered_on IS NOT NULL OR compared.registered_on_before IS NOT NULL)
ORDER BY compared.day, compared.customer_id
