-- Thread time by kind of wait: total, how often, typical and worst.
-- Idle waits are counted apart. Times are of threads, so they can add up to more than real time.
SELECT wait_kind AS kind, coalesce(role, '') AS role, duration(sum(dur)) AS total, count(*) AS waits,
       duration(percentile(dur, 0.5)) AS p50, duration(percentile(dur, 0.99)) AS p99, duration(max(dur)) AS longest
FROM thread_state WHERE state IN ('blocked', 'runnable') AND dur IS NOT NULL
GROUP BY wait_kind, role ORDER BY sum(dur) DESC;
