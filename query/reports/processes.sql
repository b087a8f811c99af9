-- Processes by CPU time: how long they lived, CPU, waiting, idle, memory, exit.
-- parameter limit=30: how many
SELECT p.pid, p.comm, duration(max(s.ts + s.dur) - min(s.ts)) AS lived,
       duration(sum(CASE WHEN s.state = 'running' THEN s.dur END)) AS on_cpu,
       duration(sum(CASE WHEN s.state IN ('blocked', 'runnable') AND coalesce(s.role, '') != 'idle' THEN s.dur END)) AS waiting,
       duration(sum(CASE WHEN s.role = 'idle' THEN s.dur END)) AS idle,
       count(DISTINCT s.utid) AS threads, size(p.max_rss) AS memory,
       coalesce(signal_name(p.exit_signal), p.exit_code) AS exit, coalesce(p.cmdline, '') AS command
FROM process p JOIN thread t ON t.upid = p.upid JOIN thread_state s ON s.utid = t.utid
GROUP BY p.upid ORDER BY sum(CASE WHEN s.state = 'running' THEN s.dur END) DESC LIMIT :limit;
