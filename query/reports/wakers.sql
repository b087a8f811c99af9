-- Who ended whose waits: for each pair of processes how often and how long the waits were.
-- Interrupts stand for themselves: network, disk, timer.
-- parameter limit=30: how many
SELECT p.comm || ' ' || p.pid AS waited, s.wait_kind AS kind,
       coalesce(wp.comm || ' ' || wp.pid, '(' || s.waker_context || ')', '?') AS ended_by,
       coalesce(s.waker_call, '') AS its_call, count(*) AS waits, duration(sum(s.dur)) AS total,
       duration(max(s.dur)) AS longest
FROM thread_state s JOIN thread t ON t.utid = s.utid JOIN process p ON p.upid = t.upid
LEFT JOIN thread wt ON wt.utid = s.waker_utid LEFT JOIN process wp ON wp.upid = wt.upid
WHERE s.state = 'blocked' AND s.dur IS NOT NULL AND coalesce(s.role, '') != 'idle'
GROUP BY t.upid, s.wait_kind, ended_by, its_call ORDER BY sum(s.dur) DESC LIMIT :limit;
