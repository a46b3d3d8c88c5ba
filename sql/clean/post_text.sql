-- The words of accepted posts, for the vault.
SELECT day, record_id AS post_id, coalesce(text, '') AS text FROM outcome WHERE outcome = 'clean'
