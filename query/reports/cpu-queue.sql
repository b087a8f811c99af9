-- Processes that wanted to run and could not: no free CPU, or their cgroup's quota used up.
-- parameter limit=20: how many
SELECT p.pid, p.comm, coalesce(p.cgroup, '') AS cgroup,
       duration(sum(CASE WHEN s.wait_kind = 'cpu-queue' THEN s.dur END)) AS queued,
       duration(sum(CASE WHEN s.wait_kind = 'cpu-limit' THEN s.dur END)) AS limited,
       count(*) AS times, duration(percentile(s.dur, 0.99)) AS p99, duration(max(s.dur)) AS longest,
       (SELECT duration(sum(dur)) FROM thread_state x JOIN thread y ON y.utid = x.utid
        WHERE y.upid = p.upid AND x.state = 'running') AS on_cpu
FROM thread_state s JOIN thread t ON t.utid = s.utid JOIN process p ON p.upid = t.upid
WHERE s.state = 'runnable' AND s.dur IS NOT NULL
GROUP BY p.upid ORDER BY sum(s.dur) DESC LIMIT :limit;
