-- Waits that tarry does not understand, with the call and the kernel's stack that show why.
-- parameter limit=20: how many
SELECT coalesce(s.call_name, '(no call)') AS call, coalesce(r.name, '') AS object, count(*) AS waits, duration(sum(s.dur)) AS total,
       coalesce((SELECT group_concat(symbol, ' < ') FROM (SELECT f.symbol FROM stack k JOIN frame f ON f.id = k.frame_id
                 WHERE k.stack_id = s.kernel_stack_id ORDER BY k.depth LIMIT 8)), '') AS kernel_stack
FROM thread_state s LEFT JOIN resource r ON r.id = s.resource_id
WHERE s.state = 'blocked' AND s.wait_kind = 'unknown' AND s.dur IS NOT NULL
GROUP BY 1, 2, 5 ORDER BY sum(s.dur) DESC LIMIT :limit;
