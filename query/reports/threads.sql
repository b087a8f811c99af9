-- Threads: time on CPU, waiting by the kind that took most, how often they left the CPU.
-- parameter limit=40: how many
SELECT p.pid, t.tid, t.name,
       duration(sum(CASE WHEN s.state = 'running' THEN s.dur END)) AS on_cpu,
       duration(sum(CASE WHEN s.state = 'blocked' THEN s.dur END)) AS blocked,
       duration(sum(CASE WHEN s.state = 'runnable' THEN s.dur END)) AS queued,
       (SELECT x.wait_kind FROM thread_state x WHERE x.utid = t.utid AND x.state = 'blocked'
        GROUP BY x.wait_kind ORDER BY sum(x.dur) DESC LIMIT 1) AS mostly,
       sum(s.state = 'running') AS times_on_cpu
FROM thread t JOIN process p ON p.upid = t.upid JOIN thread_state s ON s.utid = t.utid
GROUP BY t.utid ORDER BY sum(CASE WHEN s.state = 'running' THEN s.dur END) DESC LIMIT :limit;
