-- Waits for the disk by file and call.
-- parameter limit=30: how many
SELECT coalesce(r.path, r.name, '?') AS file, coalesce(s.call_name, 'page fault') AS call, p.comm AS process, count(*) AS waits,
       duration(sum(s.dur)) AS total, duration(percentile(s.dur, 0.5)) AS p50, duration(max(s.dur)) AS longest
FROM thread_state s JOIN thread t ON t.utid = s.utid JOIN process p ON p.upid = t.upid
LEFT JOIN resource r ON r.id = s.resource_id
WHERE s.wait_kind = 'disk' AND s.dur IS NOT NULL
GROUP BY 1, 2, 3 ORDER BY sum(s.dur) DESC LIMIT :limit;
