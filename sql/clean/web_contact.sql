-- Distinct campaign contacts that links name; what is no plain word is no contact number.
SELECT DISTINCT contact AS value FROM records WHERE regexp_full_match(contact, '[0-9A-Za-z_.-]{1,64}')
