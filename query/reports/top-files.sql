-- Files by bytes read and written, and the time the calls on them took.
-- parameter limit=20: how many
WITH ends AS (
  SELECT id AS syscall_id, resource_id,
         name IN ('write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'sendfile', 'sendfile64') AS writes,
         name IN ('read', 'pread64', 'readv', 'preadv', 'preadv2', 'copy_file_range', 'splice') AS reads
  FROM syscall WHERE bytes > 0
  UNION ALL -- the other file of calls that copy between two
  SELECT o.syscall_id, o.resource_id, s.name IN ('copy_file_range', 'splice'), s.name LIKE 'sendfile%'
  FROM syscall s JOIN syscall_object o ON o.syscall_id = s.id
  WHERE s.bytes > 0 AND (s.name IN ('copy_file_range', 'splice') AND o.role = 'arg2'
                         OR s.name LIKE 'sendfile%' AND o.role = 'arg1'))
SELECT coalesce(r.path, r.name) AS file,
       size(sum(s.bytes * e.reads)) AS read, size(sum(s.bytes * e.writes)) AS written,
       count(*) AS calls, duration(sum(s.dur)) AS time, duration(sum(s.blocked_ns)) AS waiting
FROM ends e JOIN syscall s ON s.id = e.syscall_id JOIN resource r ON r.id = e.resource_id
WHERE r.kind IN ('file', 'block_device', 'memfd')
GROUP BY 1 ORDER BY sum(s.bytes) DESC LIMIT :limit;
