"""Wait oracle: each workload says what it waited for, how long, and who ended the wait; the trace has
to say the same, at both levels. Written from the wait kinds of docs/schema.md."""
import json
import socket
import sys

import harness

# Its data is no fd: that of the set says what it means.
EPOLL_SERVER = '''
import ctypes, os, select, socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
libc = ctypes.CDLL(None, use_errno=True)
class Event(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("events", ctypes.c_uint32), ("data", ctypes.c_uint64)]
epoll = libc.epoll_create1(0)
event = Event(select.EPOLLIN, 0x7fff12345678)
assert libc.epoll_ctl(epoll, 1, connection.fileno(), ctypes.byref(event)) == 0
print("accepted", flush=True)
assert libc.epoll_wait(epoll, ctypes.byref(event), 1, -1) == 1
os.read(connection.fileno(), 1)
while True:
    os.read(connection.fileno(), 1) or select.select([], [], [])
'''

# Time between the workload's clock reading and the block, and back: calls and the run queue.
SLACK_NS = 3 * harness.MS
EDGE_NS = harness.MS // 20  # both read the same clock
# A recording in which the kernel left out scheduler events (docs/install.md) decides nothing.
RECORDINGS = 3

ROWS = """
SELECT t.tid AS tid, s.ts + c.boottime AS begin_ns, s.dur AS dur, s.state AS state,
       s.wait_kind AS kind, s.role AS role, s.call_name AS call, s.waker_context AS context,
       r.kind AS resource_kind, r.name AS resource, r.path AS path, s.syscall_id AS syscall_id,
       w.tid AS waker_tid
FROM thread_state s JOIN thread t USING (utid)
JOIN (SELECT boottime - ts AS boottime FROM clock ORDER BY ts LIMIT 1) c
LEFT JOIN resource r ON r.id = s.resource_id
LEFT JOIN thread w ON w.utid = s.waker_utid
ORDER BY s.ts
"""

MULTIPLEXED = ("poll", "ppoll", "select", "pselect6", "epoll_wait")


def states_within(rows, wait):
    """What the thread did between the workload's two readings of the clock."""
    return [row for row in rows if row["tid"] == wait["tid"] and row["dur"] is not None
            and row["begin_ns"] >= wait["begin_ns"] - EDGE_NS
            and row["begin_ns"] + row["dur"] <= wait["end_ns"] + EDGE_NS]


def differences(rows, wait, level, slack_ns=SLACK_NS):
    """What the trace says otherwise than the workload, as readable text."""
    states = states_within(rows, wait)
    # The one that the workload means is the longest.
    row = max((row for row in states if row["state"] == "blocked" and row["kind"] != "recorder"),
              key=lambda row: row["dur"], default=None)
    if row is None:
        return ["no blocked interval of this thread in this time"]
    # What the machine and recording took beside: waits for a CPU and, by ptrace, the recorder's stops.
    queued_ns = sum(row["dur"] for row in states if row["state"] == "runnable" or row["kind"] == "recorder")
    found = []
    # Level waits sees neither the calls that do not block nor the results of those that do. So the fd that ended a
    # multiplexed wait is known from the waker only, and who spoke last on a socket not always:
    # it may leave these open, but never say another one.
    open_end = level == "waits" and row["resource_kind"] is None and (
        wait["call"] in MULTIPLEXED or wait["call"] == "openat" and not harness.knows("opened at level waits"))

    def compare(column, wanted, seen):
        if wanted != seen:
            found.append(f"{column}: {seen!r}, should be {wanted!r}")

    if wait["kind"] and not (open_end and row["kind"] == "unknown"):
        compare("kind", wait["kind"], row["kind"])
    if wait["call"]:
        compare("call", wait["call"], row["call"])
    elif wait["kind"] in ("disk", "memory"):
        compare("call", None, row["call"])
    faulted = not wait["call"] and row["resource_kind"] is None and not harness.knows("faulted files")
    if wait["resource_kind"] and not open_end and not faulted:
        compare("resource kind", wait["resource_kind"], row["resource_kind"])
    if wait["resource"] and row["resource_kind"]:
        if wait["resource"] not in f"{row['resource']} {row['path']}":
            found.append(f"resource: {row['resource']!r}, should name {wait['resource']!r}")
    role_open = level == "waits" or wait["kind"] == "lock" and not harness.knows("idle workers")
    if wait["role"] and not (role_open and row["role"] is None):
        compare("role", wait["role"], row["role"])
    if wait["waker_tid"]:
        if harness.knows("wakers") or row["waker_tid"] is not None:
            compare("waker", wait["waker_tid"], row["waker_tid"])
    if wait["context"] and (harness.knows("interrupts") or row["context"] is not None):
        compare("waker context", wait["context"], row["context"])
    # A stop begins when the call before it has returned.
    if wait["kind"] != "stopped":
        compare("has its system call", level == "syscalls" and bool(row["call"]),
                row["syscall_id"] is not None)
    longest = wait["end_ns"] - wait["begin_ns"]
    # The last 1% or 1 ms: the workload's own timer may be late, never early.
    if not wait["least_ns"] - harness.MS <= row["dur"] <= longest:
        found.append(f"duration {row['dur'] / 1e6:.2f} ms, should be "
                     f"{wait['least_ns'] / 1e6:.2f} to {longest / 1e6:.2f}")
    if wait["least_ns"] and longest - row["dur"] - queued_ns > max(longest // 100, harness.MS) + slack_ns:
        found.append(f"duration {row['dur'] / 1e6:.2f} ms of {longest / 1e6:.2f} in the call")
    return found


class WaitTest(harness.LiveTest):
    def check_workload(self, name, *arguments):
        for level in ("syscalls", "waits"):
            with self.subTest(level=level):
                wrong = ["not recorded"]
                for _ in range(RECORDINGS):
                    recorded = self.record(harness.workload(name), *arguments, level=level)
                    wrong = self.wrong_waits(recorded, level)
                    if not wrong or not harness.events_left_out(recorded):
                        break
                self.assertFalse(wrong, f"\n  {name} at level {level}:\n  " + "\n  ".join(wrong))

    def wrong_waits(self, recorded, level):
        said = recorded.json_lines()
        for line in said:
            if line.get("fact") == "skip":
                self.skip_loudly(line["why"])
        waits = [line for line in said if "label" in line]
        self.assertTrue(waits, "the workload noted no waits")
        rows = recorded.query(ROWS)
        wrong = []
        for wait in waits:
            found = differences(rows, wait, level)
            if found:
                wrong.append(f"{wait['label']}: {'; '.join(found)}")
        return wrong

    def test_locks_and_parked_workers(self):
        self.check_workload("wait_lock")

    def test_pipes_sockets_and_events(self):
        self.check_workload("wait_ipc")

    def test_children(self):
        self.check_workload("wait_child")

    def test_sleeps_timeouts_and_signals(self):
        self.check_workload("wait_sleep")

    def test_ready_fd_of_poll_select_and_epoll(self):
        self.check_workload("wait_poll")

    def test_network(self):
        self.check_workload("wait_network")

    def test_disk(self):
        self.check_workload("wait_disk", self.directory)

    def test_terminal(self):
        self.check_workload("wait_terminal")

    def test_page_fault_without_file(self):
        self.check_workload("wait_memory")

    def test_device(self):
        self.check_workload("wait_device")

    def test_io_uring_enter_blocks(self):
        self.check_workload("odd_calls", self.directory)


class IdleServerTest(harness.LiveTest):
    def test_what_is_there_for_others_is_idle_and_a_lock_that_nobody_lets_go_is_not(self):
        server = self.start(harness.workload("idle_server"))
        threads = [json.loads(server.stdout.readline()) for _ in range(5)]
        for level in ("waits", "syscalls"):
            recorder, trace = self.start_recorder("-p", server.pid, "--for", "1s", "--level", level, ready=False,
                                                  name=f"{level}.tarry")
            self.assertEqual(recorder.wait(harness.TIMEOUT_S), 0)
            rows = harness.query(trace, """
                SELECT DISTINCT tid, wait_kind AS kind, coalesce(role, '') AS role FROM thread_state
                JOIN thread USING (utid) WHERE state = 'blocked' AND (dur IS NULL OR dur > 50000000)""")
            for thread in threads:
                with self.subTest(level=level, thread=thread["label"]):
                    seen = {(row["kind"], row["role"]) for row in rows if row["tid"] == thread["tid"]}
                    if thread["kind"] == "sleep":
                        seen.discard(("network", "idle"))  # a tick that was not over
                        if not harness.knows("left alone"):
                            self.assertEqual(seen, set())
                            continue
                    self.assertEqual(seen, {(thread["kind"], thread["role"])})

    def test_data_of_a_set_that_was_there_before_names_the_connection(self):
        server = self.start(sys.executable, "-c", EPOLL_SERVER)
        port = int(server.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)) as client:
            self.assertEqual(server.stdout.readline(), "accepted\n")
            recorder, trace = self.start_recorder("-p", server.pid, "--for", "2s", "--level", "syscalls")
            client.send(b"x")
            self.assertEqual(recorder.wait(harness.TIMEOUT_S), 0)
            local = f"127.0.0.1:{client.getsockname()[1]}"
        rows = harness.query(trace, """
            SELECT s.wait_kind AS kind, s.role AS role, r.name AS name FROM thread_state s
            JOIN resource r ON r.id = s.resource_id WHERE s.call_name = 'epoll_wait' AND s.dur IS NOT NULL""")
        self.assertEqual([(row["kind"], row["role"]) for row in rows], [("network", "idle")])
        self.assertIn(local, rows[0]["name"])


class BlockedTimeOfCallsTest(harness.LiveTest):
    def test_blocked_time_of_a_call_is_that_of_its_states(self):
        recorded = self.record(harness.workload("wait_ipc"), level="syscalls")
        wrong = recorded.query("""
            SELECT c.id, c.name, c.blocked_ns AS blocked, sum(s.dur) AS states FROM syscall c
            JOIN thread_state s ON s.syscall_id = c.id AND s.state IN ('blocked', 'runnable')
            WHERE c.dur IS NOT NULL GROUP BY c.id HAVING c.blocked_ns <> sum(s.dur)""")
        self.assertEqual(wrong, [])
        self.assertGreater(recorded.query(
            "SELECT max(blocked_ns) AS most FROM syscall WHERE name = 'read'")[0]["most"],
            100 * harness.MS)


if __name__ == "__main__":
    harness.main()
