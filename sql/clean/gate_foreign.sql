-- Records of a day rejected for their currency, by source.
SELECT source, CAST(sum(records) AS BIGINT) AS records
FROM reason
WHERE outcome = 'rejected' AND reason = 'unknown_currency'
GROUP BY source
