-- The first refused records, by place.
SELECT path, line, reason, field
FROM record
WHERE reason IS NOT NULL AND reason <> 'test_order'
ORDER BY path, line
LIMIT $most
