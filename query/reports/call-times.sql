-- How long each system call takes: typical, 99th percentile, worst, and the part that was waiting.
-- parameter limit=40: how many
SELECT name AS call, count(*) AS calls, duration(sum(dur)) AS total, duration(percentile(dur, 0.5)) AS p50,
       duration(percentile(dur, 0.99)) AS p99, duration(max(dur)) AS longest, duration(sum(blocked_ns)) AS waiting
FROM syscall WHERE dur IS NOT NULL GROUP BY name ORDER BY sum(dur) DESC LIMIT :limit;
