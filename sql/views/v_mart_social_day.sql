-- Posts, reviews, ratings and sentiment by day, category and type of author.
SELECT
    t.event_day, t.category, t.author_type,
    sum(t.posts) AS posts,
    sum(t.reviews) AS reviews,
    sum(t.ratings) AS ratings,
    sum(t.rating_sum) AS rating_sum,
    sum(t.low_ratings) AS low_ratings,
    sum(t.negative_texts) AS negative_texts,
    sum(t.positive_texts) AS positive_texts,
    sum(t.sentiment_sum) * 1.0 AS sentiment_sum,
    sum(t.rating_sum) * 1.0 / nullif(sum(t.ratings), 0) AS mean_rating,
    sum(t.sentiment_sum) * 1.0 / nullif(sum(t.posts) + sum(t.reviews), 0) AS mean_sentiment
FROM mart_social_day AS t
JOIN pointer AS p
    ON t.published_in <= p.publication_id AND (t.withdrawn_in IS NULL OR t.withdrawn_in > p.publication_id)
GROUP BY t.event_day, t.category, t.author_type
HAVING sum(t.posts) <> 0 OR sum(t.reviews) <> 0
