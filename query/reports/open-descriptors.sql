-- Descriptors that were opened and never closed while their process lived: what may leak.
-- parameter limit=40: how many
SELECT p.comm || ' ' || p.pid AS process, coalesce(r.name, s.path) AS object, count(*) AS opened, min(s.ret) AS lowest_fd,
       max(s.ret) AS highest_fd, duration(min(s.ts)) AS first_at
FROM syscall s JOIN thread t ON t.utid = s.utid JOIN process p ON p.upid = t.upid LEFT JOIN resource r ON r.id = s.resource_id
WHERE s.name IN ('open', 'openat', 'openat2', 'creat', 'socket', 'accept', 'accept4', 'dup', 'epoll_create1', 'eventfd2', 'timerfd_create')
  AND s.ret >= 0
  AND NOT EXISTS (SELECT 1 FROM syscall c JOIN thread ct ON ct.utid = c.utid WHERE ct.upid = t.upid AND c.name = 'close' AND c.a0 = s.ret AND c.ts > s.ts)
GROUP BY t.upid, object ORDER BY opened DESC LIMIT :limit;
