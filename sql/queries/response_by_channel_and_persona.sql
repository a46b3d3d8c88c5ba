-- en: Through which channel does each persona answer, and what does an answer cost?
-- zh: 每个画像通过哪个渠道响应？每次响应的成本是多少？
SELECT
    persona.name_en, persona.name_zh, contact.channel,
    count(DISTINCT CASE WHEN contact.contacts > 0 THEN contact.customer_id END) AS customers,
    count(DISTINCT CASE WHEN contact.responses > 0 THEN contact.customer_id END) AS responders,
    sum(contact.contacts) AS contacts,
    sum(contact.opens) * 1.0 / nullif(sum(contact.contacts), 0) AS open_rate,
    sum(contact.clicks) * 1.0 / nullif(sum(contact.contacts), 0) AS click_rate,
    sum(contact.responses) * 1.0 / nullif(sum(contact.contacts), 0) AS response_rate,
    sum(contact.cost_amount) / nullif(sum(contact.responses), 0) AS cost_per_response
FROM v_fct_contact AS contact
JOIN v_customer_profile AS profile ON profile.customer_id = contact.customer_id
JOIN v_persona AS persona ON persona.segment_key = profile.segment_key
GROUP BY persona.segment_key, persona.name_en, persona.name_zh, contact.channel
ORDER BY persona.name_en, response_rate DESC, contact.channel
