-- Posts, reviews, ratings and sentiment of the last days by category, as known at the end of $day.
SELECT
    category,
    CAST(sum(posts) AS BIGINT) AS posts,
    CAST(sum(reviews) AS BIGINT) AS reviews,
    CAST(sum(ratings) AS BIGINT) AS ratings,
    CAST(sum(rating_sum) AS BIGINT) AS rating_sum,
    CAST(sum(low_ratings) AS BIGINT) AS low_ratings,
    CAST(sum(negative_texts) AS BIGINT) AS negative_texts,
    CAST(sum(positive_texts) AS BIGINT) AS positive_texts,
    CAST(sum(sentiment_sum) AS DECIMAL(18, 4)) AS sentiment_sum
FROM social_day
WHERE event_day > $since AND event_day <= $day
GROUP BY category
HAVING sum(posts) + sum(reviews) > 0
ORDER BY category
