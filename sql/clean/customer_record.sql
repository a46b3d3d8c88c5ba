-- Records of one customers source, typed and judged one by one.
-- Inputs: records (text), files, accounts, words.
WITH text AS (
    SELECT
        r.*, f.path, f.sha256, f.day,
        CASE WHEN r.version IS NULL THEN 0
             ELSE TRY_CAST(CASE WHEN regexp_full_match(r.version, '[0-9]{1,15}') THEN r.version END AS BIGINT) END AS version_number,
        CAST(try_strptime(r.birth_date, $date_format) AS DATE) AS birth_on,
        CASE WHEN r.birth_year IS NOT NULL AND regexp_full_match(r.birth_year, '[0-9]{4}') THEN CAST(r.birth_year AS BIGINT) END
            AS given_year,
        CAST(try_strptime(r.registered_on, $date_format) AS DATE) AS registered
    FROM records AS r
    JOIN files AS f ON f.path_no = r.path_no
),
typed AS (
    SELECT *, coalesce(CAST(extract('year' FROM birth_on) AS BIGINT), given_year) AS year_of_birth FROM text
),
judged AS (
    SELECT
        *,
        CASE
            WHEN reason IS NOT NULL THEN reason
            WHEN account_id IS NULL THEN 'missing_required'
            WHEN (birth_date IS NOT NULL AND birth_on IS NULL) OR (registered_on IS NOT NULL AND registered IS NULL)
                THEN 'bad_datetime'
            WHEN (birth_year IS NOT NULL AND given_year IS NULL) OR version_number IS NULL THEN 'bad_number'
            WHEN birth_on > day OR year_of_birth > extract('year' FROM day) OR registered > day + INTERVAL 1 DAY THEN 'future'
            WHEN year_of_birth < 1900 THEN 'too_old'
        END AS verdict
    FROM typed
)
SELECT
    j.day, j.path, j.sha256, j.line,
    j.verdict AS reason,
    CASE
        WHEN j.verdict = 'missing_required' THEN 'account_id'
        WHEN j.verdict = 'bad_number' AND j.version_number IS NULL THEN 'version'
        WHEN j.verdict = 'bad_number' THEN 'birth_year'
        WHEN j.verdict = 'bad_datetime' AND j.birth_date IS NOT NULL AND j.birth_on IS NULL THEN 'birth_date'
        WHEN j.verdict = 'bad_datetime' THEN 'registered_on'
        WHEN j.verdict = 'future' AND j.registered > j.day + INTERVAL 1 DAY THEN 'registered_on'
        WHEN j.verdict IN ('future', 'too_old') THEN 'birth_date'
    END AS field,
    j.lenient_quote,
    j.reason IS NULL AND j.gender IS NOT NULL AND g.value IS NULL AS unknown_gender,
    j.reason IS NULL AND j.income_band IS NOT NULL AND i.value IS NULL AS unknown_income_band,
    $source AS source,
    'account' AS id_kind,
    a.id,
    a.id AS record_id,
    j.registered AS registered_on,
    j.year_of_birth AS birth_year,
    coalesce(g.value, 'unknown') AS gender,
    coalesce(j.region, 'unknown') AS region,
    coalesce(i.value, 'unknown') AS income_band,
    j.name, j.email, j.phone,
    j.version_number AS version,
    j.row_hash AS content_hash
FROM judged AS j
LEFT JOIN accounts AS a ON a.account_id = j.account_id
LEFT JOIN words AS g ON g.field = 'gender' AND g.word = lower(j.gender)
LEFT JOIN words AS i ON i.field = 'income_band' AND i.word = lower(j.income_band)
