-- Distinct clients: address and user agent. Requests without an agent are bots and need none.
SELECT DISTINCT address, agent FROM records WHERE agent IS NOT NULL AND method IS NOT NULL
