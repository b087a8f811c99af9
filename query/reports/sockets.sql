-- Sockets: both ends, who had them open, calls and bytes in each direction.
-- parameter limit=50: how many
SELECT r.protocol, r.name AS socket, coalesce(max(o.comm || ' ' || o.pid), '') AS here, coalesce(max(pp.comm || ' ' || pp.pid), '') AS there,
       count(s.id) AS calls,
       size(sum(CASE WHEN s.name IN ('read', 'readv', 'recvfrom', 'recvmsg', 'recvmmsg') THEN s.bytes ELSE 0 END)) AS received,
       size(sum(CASE WHEN s.name IN ('write', 'writev', 'sendto', 'sendmsg', 'sendmmsg', 'sendfile') THEN s.bytes ELSE 0 END)) AS sent,
       duration(sum(s.blocked_ns)) AS waited
FROM resource r LEFT JOIN syscall s ON s.resource_id = r.id
LEFT JOIN process o ON o.upid = r.owner_upid LEFT JOIN process pp ON pp.upid = r.peer_upid
WHERE r.kind IN ('socket', 'unix')
GROUP BY r.id HAVING count(s.id) > 0 ORDER BY sum(s.bytes) DESC, count(s.id) DESC LIMIT :limit;
