-- Columns of delivered files with the records that fill them.
SELECT c.day, c.source, c.path, c.sha256, c.column_name, c.filled, l.records_in
FROM file_column AS c
JOIN ledger AS l ON l.day = c.day AND l.source = c.source AND l.path = c.path AND l.sha256 = c.sha256
