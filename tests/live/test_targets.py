"""Recording what already runs: processes, a cgroup, the whole machine; and the ways it ends."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import harness

STATES = """
SELECT t.tid AS tid, s.ts, s.dur, s.state, s.wait_kind AS kind, s.role, s.call_name AS call, s.since_ts,
       r.kind AS resource_kind, r.name AS resource, w.tid AS waker_tid
FROM thread_state s JOIN thread t USING (utid) LEFT JOIN resource r ON r.id = s.resource_id
LEFT JOIN thread w ON w.utid = s.waker_utid ORDER BY s.ts
"""


# Threads that poll for ever; says which thread polls what.
POLLS = """
import json, os, select, socket, sys, threading
pipe = os.pipe()[0]
local, other = socket.socketpair()
listener, second = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
def poll(*files):
    poller = select.poll()
    for file in files: poller.register(file, select.POLLIN)
    poller.poll()
def wait(name, function, *arguments):
    os.write(1, (json.dumps({"name": name, "tid": threading.get_native_id()}) + "\\n").encode())
    function(*arguments)
for one in (("poll pipe", poll, pipe), ("poll unix", poll, local), ("poll listener", poll, listener),
            ("poll listeners", poll, listener, second), ("poll mixed", poll, listener, local),
            ("select unix", select.select, [local], [], []), ("select two", select.select, [local, pipe], [], [])):
    threading.Thread(target=wait, args=one, daemon=True).start()
sys.stdin.read()
"""
# name: kind, role, resource kind
POLLED = {
    "poll pipe": ("ipc", None, "pipe"),
    "poll unix": ("ipc", None, "unix"),
    "poll listener": ("network", "idle", "socket"),
    "poll listeners": ("network", "idle", None),
    "poll mixed": ("network", "idle", "socket"),
    "select unix": ("ipc", None, "unix"),
    "select two": ("ipc", None, None),
}


POLL_CALLS = ("7 ", "23 ", "270 ", "271 ", "73 ", "72 ")  # poll, select, pselect6, ppoll; aarch64: ppoll, pselect6


def is_polling(tid):
    """proc_pid_syscall(5): the call it is blocked in."""
    return pathlib.Path(f"/proc/{tid}/syscall").read_text().startswith(POLL_CALLS)


class OpenPollTest(harness.LiveTest):
    """What a thread polls is known though nothing ever ends the wait."""

    def differences(self, trace, tids, existed):
        rows = [row for row in harness.query(trace, STATES)
                if row["state"] == "blocked" and row["call"] in ("poll", "pselect6", "select")]
        found = {row["tid"]: (row["kind"], row["role"], row["resource_kind"]) for row in rows}
        self.assertEqual({row["since_ts"] is not None for row in rows}, {existed})
        return {name: found.get(tids[name]) for name in POLLED if found.get(tids[name]) != POLLED[name]}

    def tids_of(self, lines):
        return {fact["name"]: fact["tid"] for fact in map(json.loads, lines)}

    def test_polls_from_before_to_after_the_recording(self):
        process = self.start("python3", "-c", POLLS)
        tids = self.tids_of(process.stdout.readline() for _ in POLLED)
        harness.wait_until(lambda: all(map(is_polling, tids.values())), what="the polls")
        for level in ("waits", "syscalls"):
            with self.subTest(level=level):
                recorder, trace = self.start_recorder("-p", process.pid, "--level", level, "--for", "300ms",
                                                      name=f"{level}.tarry", ready=False)
                _, err = recorder.communicate(timeout=harness.TIMEOUT_S)
                self.assertEqual(recorder.returncode, 0, err)
                self.assertEqual(self.differences(trace, tids, True), {})

    def test_polls_that_begin_in_the_recording(self):
        # At level syscalls their results say that the end of the process ended them.
        recorder, trace = self.start_recorder("--level", "waits", "--", "python3", "-c", POLLS, ready=False)
        tids = self.tids_of(recorder.stdout.readline() for _ in POLLED)
        harness.wait_until(lambda: all(map(is_polling, tids.values())), what="the polls")
        _, err = recorder.communicate(timeout=harness.TIMEOUT_S)  # closes its standard input
        self.assertEqual(recorder.returncode, 0, err)
        self.assertEqual(self.differences(trace, tids, False), {})


class AttachTest(harness.LiveTest):
    def start_server(self):
        """The workload `hang`: (process, {what: tid}, port)."""
        server = self.start(harness.workload("hang"))
        facts = {}
        while len(facts) < 5:
            fact = json.loads(server.stdout.readline())
            facts[fact["fact"]] = fact
        time.sleep(0.1)  # until all four threads block
        return server, {what: fact.get("tid") for what, fact in facts.items()}, facts["port"]["port"]

    def use(self, server, port, times=3):
        for _ in range(times):
            time.sleep(0.1)
            server.stdin.write("go\n")
            server.stdin.flush()
            socket.create_connection(("127.0.0.1", port)).close()

    def check_server(self, level):
        server, tids, port = self.start_server()
        recorder, trace = self.start_recorder("-p", server.pid, "--level", level)
        self.use(server, port)
        time.sleep(0.2)
        status, _, err = self.stop_recorder(recorder)
        self.assertEqual(status, 0, err)
        self.assertIsNone(server.poll(), "the server has to go on")

        recorded = {row["tid"] for row in harness.query(
            trace, f"SELECT tid FROM thread JOIN process USING (upid) WHERE pid = {server.pid}")}
        self.assertEqual(recorded, set(tids.values()) - {None})
        rows = harness.query(trace, STATES)

        hangs = [row for row in rows if row["tid"] == tids["futex"]]
        self.assertEqual(len(hangs), 1)
        self.assertEqual((hangs[0]["state"], hangs[0]["kind"], hangs[0]["call"], hangs[0]["dur"]),
                         ("blocked", "lock", "futex", None))
        self.assertIsNotNone(hangs[0]["since_ts"], "it began before the recording")

        woken = [row for row in rows if row["tid"] == tids["epoll"] and row["state"] == "blocked"]
        self.assertEqual(len(woken), 4)  # three that ended, and the one that has not
        for row in woken[:3]:
            self.assertEqual((row["kind"], row["resource_kind"], row["waker_tid"]),
                             ("ipc", "eventfd", server.pid))
            self.assertEqual(row["call"], "epoll_wait")
        self.assertIsNone(woken[3]["dur"])

        idle = [row for row in rows if row["tid"] == tids["accept"] and row["state"] == "blocked"]
        self.assertEqual(len(idle), 4)
        for row in idle:
            self.assertEqual((row["kind"], row["role"], row["call"]), ("network", "idle", "accept"))
            self.assertIn(f"127.0.0.1:{port}", row["resource"])

        stdin = [row for row in rows if row["tid"] == server.pid and row["state"] == "blocked"]
        self.assertEqual({(row["kind"], row["resource_kind"], row["call"]) for row in stdin},
                         {("ipc", "pipe", "read")})
        if level == "syscalls":
            calls = harness.query(trace, f"""SELECT s.name, r.kind FROM syscall s JOIN thread t USING (utid)
                JOIN resource r ON r.id = s.resource_id WHERE t.tid = {tids['epoll']} AND s.name = 'read'""")
            self.assertEqual(calls, [{"name": "read", "kind": "eventfd"}] * 3)
        else:
            self.assertEqual(harness.query(trace, "SELECT count(*) AS n FROM syscall")[0]["n"], 0)

    def test_server_with_threads_at_level_waits(self):
        self.check_server("waits")

    def test_server_with_threads_at_level_syscalls(self):
        self.check_server("syscalls")

    def test_descendants_born_later_are_recorded(self):
        parent = self.start("sh", "-c", "read go; sh -c '/bin/sleep 0.2; exit 4'; /bin/true; read end")
        other = self.start("sh", "-c", "read go; /bin/false; read end")
        recorder, trace = self.start_recorder("-p", parent.pid)
        for process in (parent, other):
            process.stdin.write("go\n")
            process.stdin.flush()
        time.sleep(0.6)
        status, _, err = self.stop_recorder(recorder)
        self.assertEqual(status, 0, err)
        names = [row["comm"] for row in harness.query(
            trace, "SELECT comm FROM process WHERE recorded ORDER BY start_ts")]
        self.assertEqual(names, ["sh", "sh", "sleep", "true"])

    def test_present_descendants_are_recorded(self):
        parent = self.start("sh", "-c", "sleep 30; exit 1")
        time.sleep(0.2)
        recorder, trace = self.start_recorder("-p", parent.pid, "--for", "500ms", ready=False)
        _, err = recorder.communicate(timeout=harness.TIMEOUT_S)
        self.assertEqual(recorder.returncode, 0, err)
        rows = harness.query(trace, """SELECT p.comm, w.kind, w.call, w.dur FROM process p
            JOIN wait w USING (upid) WHERE p.recorded ORDER BY p.start_ts, p.pid""")
        self.assertEqual([(row["comm"], row["kind"], row["dur"]) for row in rows],
                         [("sh", "child", None), ("sleep", "sleep", None)])
        subprocess.run(["pkill", "-P", str(parent.pid)], check=False)

    def test_several_processes(self):
        ones = [self.start("sleep", "30") for _ in range(3)]
        recorder, trace = self.start_recorder("-p", ones[0].pid, "-p", ones[1].pid, "--for", "300ms",
                                              ready=False)
        _, err = recorder.communicate(timeout=harness.TIMEOUT_S)
        self.assertEqual(recorder.returncode, 0, err)
        pids = {row["pid"] for row in harness.query(trace, "SELECT pid FROM process WHERE recorded")}
        self.assertEqual(pids, {ones[0].pid, ones[1].pid})

    def test_ends_when_the_target_exits(self):
        process = self.start("sh", "-c", "read go; exit 5")
        recorder, trace = self.start_recorder("-p", process.pid)
        process.stdin.write("go\n")
        process.stdin.flush()
        _, err = recorder.communicate(timeout=10)
        self.assertEqual(recorder.returncode, 0, err)
        row = harness.query(trace, f"SELECT exit_code, end_ts FROM process WHERE pid = {process.pid}")[0]
        self.assertEqual(row["exit_code"], 5)
        self.assertIsNotNone(row["end_ts"])

    def test_ends_after_its_time(self):
        process = self.start("sleep", "30")
        begin = time.monotonic()
        recorder, trace = self.start_recorder("-p", process.pid, "--for", "1s", ready=False)
        _, err = recorder.communicate(timeout=10)
        self.assertEqual(recorder.returncode, 0, err)
        self.assertTrue(1 <= time.monotonic() - begin < 4)
        row = harness.query(trace, f"""SELECT s.dur, s.ts, (SELECT max(ts) FROM clock) AS end FROM thread_state s
            JOIN thread t USING (utid) WHERE t.tid = {process.pid}""")
        self.assertEqual(len(row), 1)
        self.assertIsNone(row[0]["dur"])
        self.assertAlmostEqual(row[0]["end"] - row[0]["ts"], 1e9, delta=2e8)

    def test_why_of_a_process_keeps_nothing(self):
        server, _, _ = self.start_server()
        done = harness.run_tarry("why", "-p", server.pid, "--for", "500ms", cwd=self.directory)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("futex", done.stdout)
        self.assertIn("pipe", done.stdout)
        self.assertIn("idle", done.stdout)  # the thread in accept
        self.assertEqual(list(self.directory.iterdir()), [])


class MachineTest(harness.LiveTest):
    def test_whole_machine_under_a_compile(self):
        (self.directory / "a.c").write_text("#include <stdio.h>\nint main(void) { return puts(\"a\") < 0; }\n")
        recorder, trace = self.start_recorder("-a", "--for", "4s")
        for _ in range(3):
            subprocess.run(["gcc", "-O2", "a.c", "-o", "a"], cwd=self.directory, check=True)
        _, err = recorder.communicate(timeout=harness.TIMEOUT_S)
        self.assertEqual(recorder.returncode, 0, err)
        rows = harness.query(trace, """SELECT comm, count(*) AS n FROM process WHERE recorded AND NOT existed
            AND comm IN ('gcc', 'cc1', 'as', 'ld', 'collect2') GROUP BY comm""")
        # Others may be compiling on this machine, too.
        seen = {row["comm"]: row["n"] for row in rows}
        for program in ("cc1", "as", "ld", "collect2"):
            self.assertGreaterEqual(seen.get(program, 0), 3, seen)
        self.assertEqual(harness.query(
            trace, f"SELECT pid FROM process WHERE recorded AND pid = {recorder.pid}"), [],
            "the recorder never records itself")

    def test_end_by_ctrl_c(self):
        recorder, trace = self.start_recorder("-a")
        status, _, err = self.stop_recorder(recorder, signal.SIGINT)
        self.assertEqual(status, 0, err)
        check = harness.run_tarry("check", trace)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)

    def test_end_by_terminate(self):
        recorder, trace = self.start_recorder("-a")
        self.stop_recorder(recorder, signal.SIGTERM)
        self.assertEqual(harness.run_tarry("check", trace).returncode, 0)

    def test_nothing_stays_in_the_kernel(self):
        before = harness.bpf_programs()
        if before is None:
            self.skip_loudly("bpftool cannot list programs")
        recorder, _ = self.start_recorder("-a")
        loaded = harness.bpf_programs() - before
        self.assertTrue(loaded)
        self.stop_recorder(recorder)
        harness.wait_until(lambda: not loaded & harness.bpf_programs(), what="BPF programs to go")

    def test_level_waits_attaches_no_system_call_tracepoint(self):
        def attached():
            done = subprocess.run(["bpftool", "link", "list", "--json"], capture_output=True, text=True)
            ids = {link["prog_id"] for link in json.loads(done.stdout or "[]")}
            progs = json.loads(subprocess.run(["bpftool", "prog", "list", "--json"], capture_output=True,
                                              text=True).stdout)
            return [prog.get("name", "") for prog in progs if prog["id"] in ids]

        if harness.bpf_programs() is None:
            self.skip_loudly("bpftool cannot list programs")
        before = len(attached())
        recorder, _ = self.start_recorder("-a", "--level", "waits")
        names = attached()
        self.stop_recorder(recorder)
        self.assertGreater(len(names), before)
        self.assertEqual([name for name in names if "sys_enter" in name or "sys_exit" in name], [])


class CgroupTest(harness.LiveTest):
    def check_group(self, root):
        group = root / f"tarry-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError as error:
            self.skip_loudly(f"cannot make a cgroup in {root}: {error}")
        self.addCleanup(lambda: harness.wait_until(lambda: try_rmdir(group), what="the cgroup"))
        inside = self.start("sh", "-c", f"echo $$ > {group}/cgroup.procs; read go; /bin/true; sleep 30")
        outside = self.start("sh", "-c", "read go; /bin/false; read end")
        time.sleep(0.2)
        recorder, trace = self.start_recorder("--cgroup", group)
        for process in (inside, outside):
            process.stdin.write("go\n")
            process.stdin.flush()
        time.sleep(0.5)
        status, _, err = self.stop_recorder(recorder)
        self.assertEqual(status, 0, err)
        rows = harness.query(trace, "SELECT comm, cgroup FROM process WHERE recorded ORDER BY start_ts")
        self.assertEqual([row["comm"] for row in rows], ["sh", "true", "sleep"])
        subprocess.run(["pkill", "-P", str(inside.pid)], check=False)

    def test_version_2(self):
        self.check_group(self.mounted("cgroup2"))

    def test_version_1(self):
        self.check_group(self.mounted("cgroup", "cpu"))

    def mounted(self, kind, option=""):
        for line in pathlib.Path("/proc/mounts").read_text().splitlines():
            _, path, its_kind, options = line.split()[:4]
            if its_kind == kind and (not option or option in options.split(",")):
                return pathlib.Path(path)
        self.skip_loudly(f"no {kind} mount {option}")


class NamespaceTest(harness.LiveTest):
    """In a pid namespace: pids are those that the user sees there, identity is the machine's."""

    def in_namespace(self, script):
        done = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", script, harness.TARRY,
                               self.directory / "t.tarry"], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=harness.TIMEOUT_S)
        if "unshare:" in done.stderr:
            self.skip_loudly(done.stderr.strip())
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, self.directory / "t.tarry"

    def test_command(self):
        out, trace = self.in_namespace('"$0" record -o "$1" -- sh -c \'echo $$; exec /bin/true\'')
        rows = harness.query(trace, "SELECT pid, ns_pid, comm, exit_code FROM process WHERE recorded")
        self.assertEqual([(row["ns_pid"], row["comm"], row["exit_code"]) for row in rows],
                         [(int(out), "true", 0)])
        self.assertNotEqual(rows[0]["pid"], rows[0]["ns_pid"])

    def test_running_process(self):
        out, trace = self.in_namespace(
            'sleep 30 & other=$!; sleep 30 & echo $!; "$0" record -o "$1" -p $! --for 300ms;'
            ' status=$?; kill $! $other; exit $status')
        rows = harness.query(trace, "SELECT pid, ns_pid, comm FROM process WHERE recorded")
        self.assertEqual([(row["ns_pid"], row["comm"]) for row in rows], [(int(out), "sleep")])
        waits = harness.query(trace, "SELECT kind, call, dur FROM wait WHERE state = 'blocked'")
        self.assertEqual(waits, [{"kind": "sleep", "call": "clock_nanosleep", "dur": None}])


def try_rmdir(group):
    try:
        group.rmdir()
        return True
    except FileNotFoundError:
        return True
    except OSError:
        return False


if __name__ == "__main__":
    harness.main()
