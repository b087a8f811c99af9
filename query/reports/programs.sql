-- The programs that were executed, by name: how often and how much CPU their processes took.
-- parameter limit=40: how many
SELECT coalesce(e.exe, e.comm) AS program, count(*) AS times, duration(sum(c.cpu)) AS on_cpu, duration(max(c.cpu)) AS most,
       duration(min(e.ts)) AS first_at
FROM exec e
LEFT JOIN (SELECT t.upid, sum(s.dur) AS cpu FROM thread_state s JOIN thread t ON t.utid = s.utid
           WHERE s.state = 'running' GROUP BY t.upid) c ON c.upid = e.upid
GROUP BY program ORDER BY sum(c.cpu) DESC LIMIT :limit;
