-- Records of one customers source, typed and judged one by one.
-- Inputs: records (text), files, identities, words.
WITH text AS (
    SELECT
        r.*, f.path, f.sha256, f.day,
        CASE WHEN r.version IS NULL THEN 0
             ELSE TRY_CAST(CASE WHEN regexp_full_match(r.version, '[0-9]{1,15}') THEN r.version END AS BIGINT) END AS version_number,
        CAST(try_strptime(r.birth_date, $date_format) AS DATE) AS birth_on,
        CASE WHEN r.birth_year IS NOT NULL AND regexp_full_match(r.birth_year, '[0-9]{4}') THEN CAST(r.birth_year AS BIGINT) END
            AS given_year,
        TRY_CAST(CASE WHEN regexp_full_match(r.income, $number) THEN replace(r.income, $decimal, '.') END AS DECIMAL(18, 4))
            AS income_amount,
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
            WHEN identity IS NULL THEN 'missing_required'
            WHEN (birth_date IS NOT NULL AND birth_on IS NULL) OR (registered_on IS NOT NULL AND registered IS NULL)
                THEN 'bad_datetime'
            WHEN (birth_year IS NOT NULL AND given_year IS NULL) OR version_number IS NULL
                OR NOT regexp_full_match(coalesce(income, '0'), $number) THEN 'bad_number'
            WHEN income IS NOT NULL AND (income_amount IS NULL OR income_amount < 0) THEN 'amount_range'
            WHEN birth_on > day OR year_of_birth > extract('year' FROM day) OR registered > day + INTERVAL 1 DAY THEN 'future'
            WHEN year_of_birth < 1900 THEN 'too_old'
        END AS verdict
    FROM typed
)
SELECT
    j.day, j.path, j.sha256, j.line,
    j.verdict AS reason,
    CASE
        WHEN j.verdict = 'missing_required' THEN $key_field
        WHEN j.verdict = 'bad_number' AND j.version_number IS NULL THEN 'version'
        WHEN j.verdict = 'bad_number' AND j.birth_year IS NOT NULL AND j.given_year IS NULL THEN 'birth_year'
        WHEN j.verdict IN ('bad_number', 'amount_range') THEN 'income'
        WHEN j.verdict = 'bad_datetime' AND j.birth_date IS NOT NULL AND j.birth_on IS NULL THEN 'birth_date'
        WHEN j.verdict = 'bad_datetime' THEN 'registered_on'
        WHEN j.verdict = 'future' AND j.registered > j.day + INTERVAL 1 DAY THEN 'registered_on'
        WHEN j.verdict IN ('future', 'too_old') THEN 'birth_date'
    END AS field,
    j.lenient_quote,
    j.reason IS NULL AND j.gender IS NOT NULL AND g.value IS NULL AS unknown_gender,
    j.reason IS NULL AND j.income_band IS NOT NULL AND i.value IS NULL AS unknown_income_band,
    j.reason IS NULL AND (
        (j.consent_marketing IS NOT NULL AND cm.value IS NULL) OR (j.consent_profiling IS NOT NULL AND cp.value IS NULL)
        OR (j.consent_sharing IS NOT NULL AND cs.value IS NULL)
    ) AS unknown_consent,
    $source AS source,
    CASE WHEN $by_crm THEN 'crm' ELSE 'account' END AS id_kind,
    CASE WHEN $by_crm THEN c.id ELSE a.id END AS id,
    CASE WHEN $by_crm THEN c.id ELSE a.id END AS record_id,
    a.id AS account_pseudonym,
    c.id AS crm_pseudonym,
    m.id AS email_pseudonym,
    p.id AS phone_pseudonym,
    h.id AS handle_pseudonym,
    j.registered AS registered_on,
    j.year_of_birth AS birth_year,
    coalesce(g.value, 'unknown') AS gender,
    coalesce(j.region, 'unknown') AS region,
    CASE
        WHEN j.income_amount < $low_below THEN 'low'
        WHEN j.income_amount >= $high_from THEN 'high'
        WHEN j.income_amount IS NOT NULL THEN 'middle'
        ELSE coalesce(i.value, 'unknown')
    END AS income_band,
    CASE cm.value WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END AS consent_marketing,
    CASE cp.value WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END AS consent_profiling,
    CASE cs.value WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END AS consent_sharing,
    j.account_id, j.crm_id, j.name, j.email, j.phone, j.handle,
    CAST(NULL AS VARCHAR) AS imputed,
    FALSE AS not_imputed,
    j.version_number AS version,
    j.row_hash AS content_hash
FROM judged AS j
LEFT JOIN identities AS a ON a.kind = 'account' AND a.value = j.account_id
LEFT JOIN identities AS c ON c.kind = 'crm' AND c.value = j.crm_id
LEFT JOIN identities AS m ON m.kind = 'email' AND m.value = j.email
LEFT JOIN identities AS p ON p.kind = 'phone' AND p.value = j.phone
LEFT JOIN identities AS h ON h.kind = 'handle' AND h.value = j.handle
LEFT JOIN words AS g ON g.field = 'gender' AND g.word = lower(j.gender)
LEFT JOIN words AS i ON i.field = 'income_band' AND i.word = lower(j.income_band)
LEFT JOIN words AS cm ON cm.field = 'consent_marketing' AND cm.word = lower(j.consent_marketing)
LEFT JOIN words AS cp ON cp.field = 'consent_profiling' AND cp.word = lower(j.consent_profiling)
LEFT JOIN words AS cs ON cs.field = 'consent_sharing' AND cs.word = lower(j.consent_sharing)
