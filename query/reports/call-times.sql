-- How long each system call takes: typical, 99th percentile, worst, and the part that was waiting.
-- Calls that are in the trace as a count alone (table fold) count in the sums, not in the percentiles.
-- parameter limit=40: how many
WITH each AS (
  SELECT name, count(*) AS n, sum(dur) AS ns, percentile(dur, 0.5) AS p50, percentile(dur, 0.99) AS p99,
         max(dur) AS longest, sum(blocked_ns) AS waiting
  FROM syscall WHERE dur IS NOT NULL GROUP BY name
  UNION ALL SELECT name, sum(count), sum(total_ns), NULL, NULL, max(longest_ns), 0 FROM fold WHERE kind = 'calls' GROUP BY name)
SELECT name AS call, sum(n) AS calls, duration(sum(ns)) AS total, duration(max(p50)) AS p50, duration(max(p99)) AS p99,
       duration(max(longest)) AS longest, duration(sum(waiting)) AS waiting
FROM each GROUP BY name ORDER BY sum(ns) DESC LIMIT :limit;
