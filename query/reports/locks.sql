-- Waits for locks and hand-overs between threads (futex, flock), by process and by who ended them.
-- parameter limit=30: how many
SELECT p.comm || ' ' || p.pid AS process, s.call_name AS call, coalesce(r.name, '') AS object, coalesce(s.role, '') AS role,
       coalesce(wp.comm || ' ' || wt.tid, '(' || s.waker_context || ')', '?') AS woken_by, count(*) AS waits,
       count(DISTINCT s.utid) AS threads, duration(sum(s.dur)) AS total, duration(max(s.dur)) AS longest
FROM thread_state s JOIN thread t ON t.utid = s.utid JOIN process p ON p.upid = t.upid
LEFT JOIN resource r ON r.id = s.resource_id
LEFT JOIN thread wt ON wt.utid = s.waker_utid LEFT JOIN process wp ON wp.upid = wt.upid
WHERE s.wait_kind = 'lock' AND s.dur IS NOT NULL
GROUP BY t.upid, s.call_name, object, s.role, woken_by ORDER BY sum(s.dur) DESC LIMIT :limit;
