-- A time line: for each slice of time the CPUs in use, threads waiting by kind, calls that began.
-- parameter slice_ms=100: length of a slice
WITH RECURSIVE
  span(e) AS (SELECT max(ts + coalesce(dur, 0)) FROM thread_state),
  slice(b) AS (SELECT 0 UNION ALL SELECT b + :slice_ms * 1000000 FROM slice, span WHERE b + :slice_ms * 1000000 < e LIMIT 2000),
  part AS (
    SELECT slice.b, s.state, s.wait_kind, s.role,
           min(coalesce(s.ts + s.dur, span.e), slice.b + :slice_ms * 1000000) - max(s.ts, slice.b) AS ns
    FROM slice, span, thread_state s
    WHERE s.ts < slice.b + :slice_ms * 1000000 AND coalesce(s.ts + s.dur, span.e) > slice.b)
SELECT duration(b) AS at,
       round(sum(CASE WHEN state = 'running' THEN ns ELSE 0 END) / (:slice_ms * 1e6), 2) AS cpus,
       round(sum(CASE WHEN state = 'runnable' THEN ns ELSE 0 END) / (:slice_ms * 1e6), 2) AS queued,
       round(sum(CASE WHEN state = 'blocked' AND wait_kind = 'disk' THEN ns ELSE 0 END) / (:slice_ms * 1e6), 2) AS disk,
       round(sum(CASE WHEN state = 'blocked' AND wait_kind = 'network' AND coalesce(role, '') != 'idle' THEN ns ELSE 0 END) / (:slice_ms * 1e6), 2) AS network,
       round(sum(CASE WHEN state = 'blocked' AND wait_kind = 'lock' AND coalesce(role, '') != 'idle' THEN ns ELSE 0 END) / (:slice_ms * 1e6), 2) AS lock,
       round(sum(CASE WHEN state = 'blocked' AND wait_kind NOT IN ('disk', 'network', 'lock') AND coalesce(role, '') != 'idle' THEN ns ELSE 0 END) / (:slice_ms * 1e6), 2) AS other,
       (SELECT count(*) FROM syscall c WHERE c.ts >= b AND c.ts < b + :slice_ms * 1000000)
         + (SELECT coalesce(sum(f.count), 0) FROM fold f WHERE f.kind = 'calls' AND f.ts >= b AND f.ts < b + :slice_ms * 1000000) AS calls
FROM part GROUP BY b ORDER BY b;
