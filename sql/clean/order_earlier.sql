-- Order lines of the days before the window, by record.
-- Lines that were kept before lines had a type are items.
SELECT * EXCLUDE (line_type), coalesce(line_type, 'item') AS line_type, order_line_id AS record_id FROM earlier
