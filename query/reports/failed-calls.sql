-- System calls that failed, by call, error and object.
-- Errors that only say "not now" (EAGAIN, EINTR, EINPROGRESS) are left out unless all=1.
-- parameter limit=30: how many
-- parameter all=0: 1: with EAGAIN, EINTR and EINPROGRESS
SELECT s.name AS call, s.errno AS error, count(*) AS times, count(DISTINCT t.upid) AS processes,
       coalesce(s.path, r.name, '') AS object
FROM syscall s JOIN thread t ON t.utid = s.utid LEFT JOIN resource r ON r.id = s.resource_id
WHERE s.errno IS NOT NULL AND (:all = 1 OR s.errno NOT IN ('EAGAIN', 'EINTR', 'EINPROGRESS', 'EWOULDBLOCK'))
GROUP BY s.name, s.errno, object ORDER BY times DESC, call LIMIT :limit;
