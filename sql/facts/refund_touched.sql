-- Whether a day of the window can change a match: it knows of a refund, or a line is corrected.
SELECT COUNT(*) AS rows FROM order_line WHERE (order_type = 'refund' OR sign = -1) AND day BETWEEN $first AND $last
