-- en: How are products of each category rated and spoken of, month by month?
-- zh: 每个月各品类的评分与口碑如何？
SELECT
    calendar.month_name, social.category,
    sum(social.posts) AS posts,
    sum(social.reviews) AS reviews,
    sum(social.rating_sum) * 1.0 / nullif(sum(social.ratings), 0) AS mean_rating,
    sum(social.low_ratings) * 1.0 / nullif(sum(social.ratings), 0) AS low_rating_share,
    sum(social.sentiment_sum) / nullif(sum(social.posts) + sum(social.reviews), 0) AS mean_sentiment,
    sum(social.negative_texts) * 1.0 / nullif(sum(social.posts) + sum(social.reviews), 0) AS negative_share
FROM v_mart_social_day AS social
JOIN v_dim_date AS calendar ON calendar.day = social.event_day
GROUP BY calendar.month_name, social.category
ORDER BY calendar.month_name, social.category
