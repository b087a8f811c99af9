-- Waits on the network by peer: all connections to one host and port are one line.
-- parameter limit=30: how many
SELECT CASE WHEN r.remote_addr IS NOT NULL THEN r.remote_addr || ':' || r.remote_port ELSE coalesce(r.name, '?') END AS peer,
       coalesce(max(pp.comm || ' ' || pp.pid), '') AS process_there, count(DISTINCT r.cookie) AS connections, count(*) AS waits,
       duration(sum(s.dur)) AS total, duration(percentile(s.dur, 0.5)) AS p50, duration(percentile(s.dur, 0.99)) AS p99,
       duration(max(s.dur)) AS longest, sum(s.role = 'idle') AS idle_waits
FROM thread_state s LEFT JOIN resource r ON r.id = s.resource_id LEFT JOIN process pp ON pp.upid = r.peer_upid
WHERE s.wait_kind = 'network' AND s.dur IS NOT NULL
GROUP BY peer ORDER BY sum(s.dur) DESC LIMIT :limit;
