-- Files by bytes read and written, and the time the calls on them took.
-- parameter limit=20: how many
SELECT coalesce(r.path, r.name) AS file,
       size(sum(CASE WHEN s.name IN ('read', 'pread64', 'readv', 'preadv', 'preadv2') THEN s.bytes ELSE 0 END)) AS read,
       size(sum(CASE WHEN s.name IN ('write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'sendfile', 'copy_file_range', 'splice')
                     THEN s.bytes ELSE 0 END)) AS written,
       count(*) AS calls, duration(sum(s.dur)) AS time, duration(sum(s.blocked_ns)) AS waiting
FROM syscall s JOIN resource r ON r.id = s.resource_id
WHERE r.kind IN ('file', 'block_device', 'memfd') AND s.bytes > 0
GROUP BY 1 ORDER BY sum(s.bytes) DESC LIMIT :limit;
