-- What was written on the changed days, by category and by whether the author is a customer.
WITH belonging AS (
    SELECT
        id_kind, id, customer_id, day AS known_from,
        lead(day) OVER (PARTITION BY id_kind, id ORDER BY day) AS known_until
    FROM identity_map
),
text AS (
    SELECT
        fact.*,
        CASE WHEN belonging.customer_id IS NULL THEN 'unknown' ELSE 'customer' END AS author_type
    FROM facts_social_day AS fact
    JOIN changed ON changed.day = fact.day
    LEFT JOIN belonging
        ON belonging.id_kind = fact.id_kind AND belonging.id = fact.id AND belonging.known_from <= fact.day
        AND (belonging.known_until IS NULL OR fact.day < belonging.known_until)
)
SELECT
    day, event_day, category, author_type,
    CAST(sum(posts) AS BIGINT) AS posts,
    CAST(sum(reviews) AS BIGINT) AS reviews,
    CAST(sum(ratings) AS BIGINT) AS ratings,
    CAST(sum(rating_sum) AS BIGINT) AS rating_sum,
    CAST(sum(low_ratings) AS BIGINT) AS low_ratings,
    CAST(sum(negative_texts) AS BIGINT) AS negative_texts,
    CAST(sum(positive_texts) AS BIGINT) AS positive_texts,
    CAST(sum(sentiment_sum) AS DECIMAL(18, 4)) AS sentiment_sum
FROM text
GROUP BY day, event_day, category, author_type
ORDER BY day, event_day, category, author_type
