-- Changes that each day brought to what is known of an identifier's posts, by category and the day they were written.
SELECT
    day,
    event_day,
    id_kind,
    id,
    COALESCE(category, 'unknown') AS category,
    SUM(CASE WHEN post_type = 'post' THEN sign ELSE 0 END) AS posts,
    SUM(CASE WHEN post_type = 'review' THEN sign ELSE 0 END) AS reviews,
    SUM(CASE WHEN rating IS NOT NULL THEN sign ELSE 0 END) AS ratings,
    SUM(sign * COALESCE(rating, 0)) AS rating_sum,
    SUM(CASE WHEN rating <= 2 THEN sign ELSE 0 END) AS low_ratings,
    SUM(CASE WHEN sentiment_label = 'negative' THEN sign ELSE 0 END) AS negative_texts,
    SUM(CASE WHEN sentiment_label = 'positive' THEN sign ELSE 0 END) AS positive_texts,
    SUM(sign * sentiment) AS sentiment_sum
FROM social_post
WHERE id IS NOT NULL AND day BETWEEN $first AND $last
GROUP BY day, event_day, id_kind, id, COALESCE(category, 'unknown')
HAVING
    SUM(CASE WHEN post_type = 'post' THEN sign ELSE 0 END) <> 0
    OR SUM(CASE WHEN post_type = 'review' THEN sign ELSE 0 END) <> 0
    OR SUM(CASE WHEN rating IS NOT NULL THEN sign ELSE 0 END) <> 0
    OR SUM(sign * COALESCE(rating, 0)) <> 0
    OR SUM(CASE WHEN rating <= 2 THEN sign ELSE 0 END) <> 0
    OR SUM(CASE WHEN sentiment_label = 'negative' THEN sign ELSE 0 END) <> 0
    OR SUM(CASE WHEN sentiment_label = 'positive' THEN sign ELSE 0 END) <> 0
    OR SUM(sign * sentiment) <> 0
