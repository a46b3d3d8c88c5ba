-- Distinct clients that may be people: address and user agent.
-- Inputs: records (split lines), agents (web_agent.sql with what they are).
WITH client AS (
    SELECT DISTINCT r.address, a.number AS agent_no
    FROM records AS r
    JOIN agents AS a ON a.agent = r.agent
    WHERE r.method IS NOT NULL AND NOT a.is_bot
)
SELECT c.address, c.agent_no, a.agent
FROM client AS c
JOIN agents AS a ON a.number = c.agent_no
