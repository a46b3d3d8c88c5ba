-- Distinct clients: address and user agent. A request without an agent is a bot and needs none.
SELECT DISTINCT address, agent FROM records WHERE agent IS NOT NULL AND method IS NOT NULL
