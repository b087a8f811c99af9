-- What was lost while recording, by source, and when it was worst.
SELECT source, sum(count) AS lost, duration(min(ts)) AS first_at, duration(max(ts + dur)) AS last_at,
       (SELECT duration(x.ts) FROM loss x WHERE x.source = loss.source ORDER BY x.count DESC LIMIT 1) AS worst_at
FROM loss GROUP BY source ORDER BY lost DESC;
