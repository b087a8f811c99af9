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
                         OR s.name LIKE 'sendfile%' AND o.role = 'arg1')),
uses AS (
  SELECT e.resource_id, s.bytes, s.bytes * e.reads AS read, s.bytes * e.writes AS written, 1 AS calls, s.dur AS ns,
         s.blocked_ns AS waiting
  FROM ends e JOIN syscall s ON s.id = e.syscall_id
  UNION ALL -- calls that are in the trace as a count alone
  SELECT resource_id, bytes, bytes * (name LIKE '%read%'), bytes * (name LIKE '%write%'), count, total_ns, 0
  FROM fold WHERE bytes > 0 AND kind = 'calls')
SELECT coalesce(r.path, r.name) AS file, size(sum(u.read)) AS read, size(sum(u.written)) AS written,
       sum(u.calls) AS calls, duration(sum(u.ns)) AS time, duration(sum(u.waiting)) AS waiting
FROM uses u JOIN resource r ON r.id = u.resource_id
WHERE r.kind IN ('file', 'block_device', 'memfd')
GROUP BY 1 ORDER BY sum(u.bytes) DESC LIMIT :limit;
