-- Who signalled whom: each pair of processes, what happened then, and how often.
-- Kernel stands for signals that no thread sent: timers, faults, the terminal.
-- parameter limit=30: how many
SELECT s.name AS signal, coalesce(sp.comm || ' ' || sp.pid,
                                  CASE WHEN s.sender_pid > 0 THEN 'pid ' || s.sender_pid ELSE '(kernel)' END) AS sender,
       p.comm || ' ' || p.pid AS receiver, coalesce(s.code, '') AS code, coalesce(s.action, '') AS action,
       count(*) AS times, '+' || duration(min(s.ts)) AS first, '+' || duration(max(s.ts)) AS last
FROM signal s JOIN thread t ON t.utid = s.utid JOIN process p ON p.upid = t.upid
LEFT JOIN thread st ON st.utid = s.sender_utid LEFT JOIN process sp ON sp.upid = st.upid
WHERE s.event = 'delivered'
GROUP BY s.signo, sender, receiver, s.code, s.action ORDER BY times DESC, min(s.ts) LIMIT :limit;
