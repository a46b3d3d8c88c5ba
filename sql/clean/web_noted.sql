-- What was noticed of hits, beside what became of them.
SELECT day, source, path, sha256, 'noted' AS outcome, 'leap_second' AS reason, count(*) AS records
FROM outcome
WHERE leap_second
GROUP BY day, source, path, sha256
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'dst_gap' AS reason, count(*) AS records
FROM outcome
WHERE dst_gap
GROUP BY day, source, path, sha256
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'dst_overlap' AS reason, count(*) AS records
FROM outcome
WHERE dst_overlap
GROUP BY day, source, path, sha256
UNION ALL
SELECT day, source, path, sha256, 'noted' AS outcome, 'too_many_requests' AS reason, count(*) AS records
FROM outcome
WHERE burst
GROUP BY day, source, path, sha256
