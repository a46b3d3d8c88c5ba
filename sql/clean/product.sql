-- Catalogue records that are new or changed, and products that only order lines speak of.
-- Inputs: outcome (products), title (products of order lines: day, product_id, title, currency, source), earlier (clean.product).
-- An order line names a product on the first day it is seen; if it had no title then, again on the first day it has one.
WITH listed AS (
    SELECT product_id, min(day) AS day
    FROM (
        SELECT product_id, day FROM outcome WHERE outcome = 'clean'
        UNION ALL
        SELECT product_id, day FROM earlier
    ) AS mention
    GROUP BY product_id
),
untitled AS (
    SELECT product_id FROM earlier GROUP BY product_id
    HAVING min(CASE WHEN substr(content_hash, 1, 6) = 'title-' AND title = product_id THEN 1 ELSE 0 END) = 1
),
seen AS (
    SELECT product_id, day, min(title) AS title, min(currency) AS currency, min(source) AS source
    FROM title
    GROUP BY product_id, day
),
catalogued AS (
    SELECT product_id, min(day) AS day FROM outcome WHERE outcome = 'clean' GROUP BY product_id
),
first_day AS (
    SELECT product_id, min(day) AS first_seen, min(CASE WHEN title IS NOT NULL THEN day END) AS first_titled
    FROM seen
    GROUP BY product_id
),
from_lines AS (
    SELECT s.day, s.product_id, coalesce(s.title, s.product_id) AS title, s.currency, s.source
    FROM seen AS s
    JOIN first_day AS f ON f.product_id = s.product_id
    LEFT JOIN listed AS l ON l.product_id = s.product_id
    LEFT JOIN catalogued AS c ON c.product_id = s.product_id
    LEFT JOIN untitled AS u ON u.product_id = s.product_id
    WHERE
        (s.day = f.first_seen AND (l.day IS NULL OR l.day > s.day))
        OR (
            s.day = f.first_titled
            AND (c.day IS NULL OR c.day > s.day)
            AND (u.product_id IS NOT NULL OR ((l.day IS NULL OR l.day > f.first_seen) AND s.day > f.first_seen))
        )
)
SELECT
    day, product_id, title, category, brand, price, currency, original_currency, original_price, exchange_rate, imputed, source,
    content_hash
FROM outcome
WHERE outcome = 'clean'
UNION ALL
SELECT
    day, product_id, title, 'unknown' AS category, CAST(NULL AS VARCHAR) AS brand, CAST(NULL AS DECIMAL(18, 4)) AS price,
    currency, CAST(NULL AS VARCHAR) AS original_currency, CAST(NULL AS DECIMAL(18, 4)) AS original_price,
    CAST(NULL AS DECIMAL(20, 12)) AS exchange_rate, CAST(NULL AS VARCHAR) AS imputed, source,
    'title-' || substr(sha256(concat(product_id, '|', title)), 1, 26) AS content_hash
FROM from_lines
