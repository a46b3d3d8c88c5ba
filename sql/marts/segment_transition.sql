SELECT day, from_key, to_key, customers, share
FROM segments_transition
ORDER BY from_key, to_key
