-- The first day on which each source brought a file; a day without files has one ledger row with an empty path.
SELECT source, min(day) AS day FROM ledger WHERE path <> '' GROUP BY source
