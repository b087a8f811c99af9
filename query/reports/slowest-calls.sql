-- The system calls that took longest, and how much of that was waiting.
-- parameter limit=20: how many
SELECT duration(s.ts) AS at, p.pid, p.comm, s.name AS call, duration(s.dur) AS took, duration(s.blocked_ns) AS waiting,
       coalesce(r.name, s.path) AS object, coalesce(s.errno, s.ret) AS result
FROM syscall s JOIN thread t ON t.utid = s.utid JOIN process p ON p.upid = t.upid
LEFT JOIN resource r ON r.id = s.resource_id
ORDER BY s.dur DESC LIMIT :limit;
