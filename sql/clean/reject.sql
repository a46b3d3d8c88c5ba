-- Refused records: where they stand and why, never what they say.
SELECT day, source, path, sha256, line, outcome_reason AS reason, field, $run_id AS run_id
FROM outcome
WHERE outcome = 'rejected'
