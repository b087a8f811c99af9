-- Where the real time of a command went, step by step: who was running or waiting when.
-- Waits for children and on pipes are replaced by what the process that ended them did meanwhile.
-- parameter upid=0: process.upid; 0: the recorded command
-- parameter min_ms=1: leave out steps that are shorter
SELECT duration(w.ts) AS at, duration(w.dur) AS took, printf('%.*c%s %d', w.depth * 2 + 1, ' ', p.comm, p.pid) AS process,
       coalesce(w.wait_kind, 'on CPU') AS what, coalesce(s.call_name, '') AS call, coalesce(r.name, '') AS object
FROM wait_path(CASE WHEN :upid != 0 THEN :upid ELSE (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'root_upid') END) w
JOIN process p ON p.upid = w.upid LEFT JOIN thread_state s ON s.id = w.state_id
LEFT JOIN resource r ON r.id = s.resource_id AND w.wait_kind IS NOT NULL
WHERE w.dur >= :min_ms * 1000000 ORDER BY w.ts;
