-- What becomes of every record of a state (customers, products, rates): a record is clean where it is new or changed.
-- Inputs: record (typed records, of the window or more), earlier (newest clean rows of the days before it: record_id, content_hash).
WITH arrived AS (
    SELECT * FROM record WHERE day BETWEEN $first AND $last
),
candidate AS (
    SELECT
        day, record_id, path, sha256, line, content_hash,
        row_number() OVER (PARTITION BY record_id, day ORDER BY version DESC, split_part(path, '#', 1) DESC, line DESC, path DESC, sha256 DESC) AS place
    FROM arrived
    WHERE reason IS NULL
),
version_of AS (
    SELECT day, record_id, content_hash FROM candidate WHERE place = 1
    UNION ALL
    SELECT day, record_id, content_hash FROM earlier
),
compared AS (
    SELECT
        day, record_id, content_hash,
        lag(content_hash) OVER (PARTITION BY record_id ORDER BY day) AS content_before
    FROM version_of
),
best AS (
    SELECT
        day, record_id, content_hash AS winner_content,
        CASE
            WHEN content_before IS NULL THEN 'new'
            WHEN content_before = content_hash THEN 'redelivered'
            ELSE 'corrected'
        END AS verdict
    FROM compared
)
SELECT
    r.*,
    CASE
        WHEN r.reason IS NOT NULL THEN 'rejected'
        WHEN k.place > 1 OR b.verdict = 'redelivered' THEN 'duplicate'
        ELSE 'clean'
    END AS outcome,
    CASE
        WHEN r.reason IS NOT NULL THEN r.reason
        WHEN k.place > 1 AND r.content_hash = b.winner_content THEN 'same_content'
        WHEN k.place > 1 THEN 'superseded'
        ELSE b.verdict
    END AS outcome_reason
FROM arrived AS r
LEFT JOIN candidate AS k
    ON k.day = r.day AND k.record_id = r.record_id AND k.path = r.path AND k.sha256 = r.sha256 AND k.line = r.line
LEFT JOIN best AS b ON b.day = r.day AND b.record_id = r.record_id
