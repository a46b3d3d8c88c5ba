-- Customer records that are new or changed.
SELECT
    day, id_kind, id, registered_on, birth_year, gender, region, income_band, consent_marketing, consent_profiling,
    consent_sharing, imputed, source, content_hash
FROM outcome
WHERE outcome = 'clean'
