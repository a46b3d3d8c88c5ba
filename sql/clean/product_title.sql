-- Products as accepted order lines name them, for sources whose lines carry a title.
SELECT day, product_id, min(product_title) AS title, min(currency) AS currency, min(source) AS source
FROM outcome
WHERE outcome = 'clean' AND with_title AND line_type = 'item'
GROUP BY day, product_id
