-- The longest single waits: who, in which call, for what, and who ended it.
-- Idle waits (a server until someone asks) are left out.
-- parameter limit=20: how many
-- parameter kind=%: only this kind of wait (network, disk, lock, …)
SELECT duration(s.ts) AS at, p.pid, p.comm, s.wait_kind AS kind, coalesce(s.call_name, '') AS call,
       duration(coalesce(s.dur, (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'end_ts') - s.ts)) AS took,
       coalesce(r.name, '') AS object,
       coalesce(wp.comm || ' ' || wp.pid, s.waker_context, CASE WHEN s.dur IS NULL THEN 'still waiting' END) AS ended_by
FROM thread_state s JOIN thread t ON t.utid = s.utid JOIN process p ON p.upid = t.upid
LEFT JOIN resource r ON r.id = s.resource_id
LEFT JOIN thread wt ON wt.utid = s.waker_utid LEFT JOIN process wp ON wp.upid = wt.upid
WHERE s.state = 'blocked' AND coalesce(s.role, '') != 'idle' AND s.wait_kind LIKE :kind
ORDER BY coalesce(s.dur, (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'end_ts') - s.ts) DESC LIMIT :limit;
