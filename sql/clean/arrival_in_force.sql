-- Arrivals in a fixed order.
SELECT day, source, path, sha256, known_at, through, duplicate_of, first_line
FROM arrival
ORDER BY source, day, path, sha256
