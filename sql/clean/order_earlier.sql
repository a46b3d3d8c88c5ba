-- Order lines of the days before the window, by record.
SELECT *, order_line_id AS record_id FROM earlier
