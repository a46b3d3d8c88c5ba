-- What becomes of records whose key came more than once (orders, posts, contacts): clean, rejected, filtered or duplicate,
-- over all versions of the key. All others stand for themselves (record_outcome.sql).
-- Inputs: record (typed records of the window, all sources of a kind), earlier (its clean table, the days before it, with
-- record_id).
-- A record that comes again is compared with the version in force on its day: the newest accepted one that is at most
-- lookback_days old. The recursion follows only keys that came more than once.
-- Records are read twice, the keys of all of them and the rest of the few: a common expression would keep all columns of all.
WITH RECURSIVE repeated AS (
    SELECT record_id
    FROM (
        SELECT record_id FROM record WHERE day BETWEEN $first AND $last AND record_id IS NOT NULL
        UNION ALL
        SELECT DISTINCT record_id FROM earlier WHERE sign = 1
    ) AS mention
    GROUP BY record_id
    HAVING count(*) > 1
),
counted AS (
    SELECT
        day, source, record_id, path, sha256, line, version, content_hash, lookback_days, reason,
        CASE
            WHEN whole_row THEN row_number() OVER (PARTITION BY record_id, day ORDER BY path, sha256, line)
            ELSE 1
        END AS copy_number
    FROM record
    WHERE day BETWEEN $first AND $last AND record_id IN (SELECT record_id FROM repeated)
),
candidate AS (
    SELECT
        day, record_id, path, sha256, line, version, content_hash, lookback_days,
        row_number() OVER (
            PARTITION BY record_id, day
            ORDER BY version DESC, split_part(path, '#', 1) DESC, line DESC, path DESC, sha256 DESC
        ) AS place
    FROM counted
    WHERE reason IS NULL AND copy_number = 1
),
winner AS (
    SELECT day, record_id, version, content_hash, lookback_days FROM candidate WHERE place = 1
),
in_force AS (
    SELECT e.day, e.record_id, e.version, e.content_hash
    FROM earlier AS e
    JOIN (
        SELECT record_id, max(day) AS day FROM earlier WHERE sign = 1 GROUP BY record_id
    ) AS newest ON newest.record_id = e.record_id AND newest.day = e.day
    WHERE e.sign = 1 AND e.record_id IN (SELECT record_id FROM winner)
),
numbered AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY record_id ORDER BY day) AS n,
        count(*) OVER (PARTITION BY record_id) AS times
    FROM (
        SELECT day, record_id, version, content_hash, lookback_days FROM winner
        UNION ALL
        SELECT day, record_id, version, content_hash, 0 AS lookback_days FROM in_force
    ) AS versions
),
again AS (
    SELECT * FROM numbered WHERE times > 1
),
chain AS (
    SELECT
        record_id, n, day, 'new' AS verdict, CAST(NULL AS DATE) AS replaced_day,
        day AS state_day, version AS state_version, content_hash AS state_content
    FROM again
    WHERE n = 1
    UNION ALL
    SELECT
        record_id, n, day, verdict,
        CASE WHEN verdict = 'corrected' THEN state_day END AS replaced_day,
        CASE WHEN verdict IN ('new', 'corrected') THEN day ELSE state_day END AS state_day,
        CASE WHEN verdict IN ('new', 'corrected') THEN version ELSE state_version END AS state_version,
        CASE WHEN verdict IN ('new', 'corrected') THEN content_hash ELSE state_content END AS state_content
    FROM (
        SELECT
            a.record_id, a.n, a.day, a.version, a.content_hash, c.state_day, c.state_version, c.state_content,
            CASE
                WHEN date_diff('day', c.state_day, a.day) > a.lookback_days THEN 'new'
                WHEN a.content_hash = c.state_content THEN 'redelivered'
                WHEN a.version < c.state_version THEN 'superseded'
                ELSE 'corrected'
            END AS verdict
        FROM chain AS c
        JOIN again AS a ON a.record_id = c.record_id AND a.n = c.n + 1
    ) AS step
),
best AS (
    SELECT
        w.day, w.record_id, w.content_hash AS winner_content, coalesce(c.verdict, 'new') AS verdict, c.replaced_day
    FROM winner AS w
    LEFT JOIN chain AS c ON c.record_id = w.record_id AND c.day = w.day
)
SELECT
    r.day, r.source, r.path, r.sha256, r.line,
    CASE
        WHEN r.copy_number > 1 THEN 'duplicate'
        WHEN r.reason = 'test_order' THEN 'filtered'
        WHEN r.reason IS NOT NULL THEN 'rejected'
        WHEN k.place > 1 OR b.verdict IN ('redelivered', 'superseded') THEN 'duplicate'
        ELSE 'clean'
    END AS outcome,
    CASE
        WHEN r.copy_number > 1 THEN 'same_content'
        WHEN r.reason IS NOT NULL THEN r.reason
        WHEN k.place > 1 AND r.content_hash = b.winner_content THEN 'same_content'
        WHEN k.place > 1 THEN 'superseded'
        ELSE coalesce(b.verdict, 'new')
    END AS outcome_reason,
    b.replaced_day
FROM counted AS r
LEFT JOIN candidate AS k
    ON k.day = r.day AND k.record_id = r.record_id AND k.path = r.path AND k.sha256 = r.sha256 AND k.line = r.line
LEFT JOIN best AS b ON b.day = r.day AND b.record_id = r.record_id
