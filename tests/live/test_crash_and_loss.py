"""The recorder is killed; the disk is full; the ring is too small. Nothing else suffers, and
everything that is missing is said.

TARRY_CRASH_TRIES: how often a recorder is killed (default 16, by ptrace 8)."""
import array
import collections
import ctypes
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import threading
import time

import harness


PR_SET_CHILD_SUBREAPER = 36  # include/uapi/linux/prctl.h


def become_subreaper():
    """Orphans become our children, so that a command's status can be had after its recorder's death."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def wait_for_orphans(seconds):
    """Exit statuses of all that is left, negative for a signal; None where something does not end."""
    statuses = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return statuses
        if pid:
            statuses.append(os.waitstatus_to_exitcode(status))
        else:
            time.sleep(0.01)
    return None


def kernel_objects(pid):
    """What of BPF a process holds: {(kind, id)}, by its fds (proc_pid_fdinfo(5))."""
    found = set()
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            found.update(re.findall(r"^(prog|map|link)_id:\s*(\d+)", info.read_text(), re.MULTILINE))
        except OSError:
            pass  # closed meanwhile
    return found


def held_in_kernel(objects):
    """Those that are still there."""
    left = set()
    for kind in {kind for kind, _ in objects}:
        done = subprocess.run(["bpftool", kind, "list", "--json"], capture_output=True, text=True)
        if done.returncode == 0:
            ids = {str(one["id"]) for one in json.loads(done.stdout or "[]")}
            left |= {(kind, number) for its_kind, number in objects if its_kind == kind and number in ids}
    return left


class CrashTest(harness.LiveTest):
    def test_killed_recorder(self):
        before = harness.bpf_programs()
        marks = self.directory / "marks"
        recorder, trace = self.start_recorder(
            "--", "sh", "-c", f"echo $$ > {marks}.pid; while :; do ls -l /usr/include; date +%s%N >> {marks};"
            " sleep 0.01; done", stdout=subprocess.DEVNULL)

        def marked():
            return [int(line) for line in marks.read_text().split()] if marks.exists() else []

        harness.wait_until(lambda: len(marked()) > 20, what="the command to run")
        time.sleep(1.5)
        loaded = harness.bpf_programs() - before if before is not None else set()
        killed_ns = time.time_ns()
        recorder.kill()
        recorder.wait()
        command = int(pathlib.Path(f"{marks}.pid").read_text())
        try:
            if loaded:
                harness.wait_until(lambda: not loaded & harness.bpf_programs(), what="BPF programs to go")
            size = marks.stat().st_size
            harness.wait_until(lambda: marks.stat().st_size > size, what="the command to go on")
        finally:
            os.kill(command, signal.SIGKILL)

        # What happened more than half a second before is there; the other half is for a loaded machine.
        info = harness.run_tarry("info", trace)
        self.assertEqual(info.returncode, 0, info.stderr)
        self.assertRegex(info.stdout + info.stderr, r"(?i)cut|not finished|incomplete|unfinished|no trailer")
        check = harness.run_tarry("check", trace)
        self.assertNotEqual(check.returncode, 0)
        kept = harness.query(trace, "SELECT count(*) AS n FROM syscall WHERE name = 'execve' AND ret = 0"
                                    " AND path LIKE '%/date'")[0]["n"]
        due = sum(at_ns < killed_ns - 1_000_000_000 for at_ns in marked())
        self.assertGreater(due, 20)
        self.assertGreaterEqual(kept, due)

        repaired = self.directory / "repaired.tarry"
        done = harness.run_tarry("check", "--repair", repaired, trace)
        self.assertEqual(harness.run_tarry("check", repaired).returncode, 0, done.stderr)
        self.assertEqual(harness.query(repaired, "SELECT count(*) AS n FROM syscall"),
                         harness.query(trace, "SELECT count(*) AS n FROM syscall"))

    def test_killed_at_random_moments(self):
        """From the first moment on. The command goes on to its end, nothing stays in the kernel, no tracer outlives the
        command, and the file holds all but the last half second."""
        become_subreaper()
        seed = int(os.environ.get("TARRY_CRASH_SEED", time.time_ns() % 1_000_000))
        moments = random.Random(seed)
        tries = int(os.environ.get("TARRY_CRASH_TRIES", "16" if harness.BACKEND == "bpf" else "8"))
        lags, ran = [], 0
        for number in range(tries):
            after_s, begun, stop_first = moments.uniform(0, 1), moments.random() < 0.7, moments.random() < 0.5
            options = moments.choice(((), ("-e", "lseek")))
            with self.subTest(seed=seed, number=number, after_s=after_s, begun=begun, stop_first=stop_first,
                              options=options):
                lag_ns = self.kill_after(after_s, begun, stop_first, options)
                ran += lag_ns is not None
                lags += [lag_ns] if lag_ns else []
        lags.sort()
        if lags:
            print(f"killed {tries} times (seed {seed}), {ran} while the command ran: of its calls the last"
                  f" {lags[len(lags) // 2] / 1e6:.0f} ms were lost in the median, {lags[-1] / 1e6:.0f} ms at most",
                  file=sys.stderr)
        self.assertGreater(ran, tries // 8, "some have to hit the command")

    def kill_after(self, after_s, begun, stop_first, options):
        """So long after the recorder's start, or (`begun`) the command's. None: the command had not begun.
        Otherwise how long before the kill the last recorded call was."""
        trace, notes = self.directory / "killed.tarry", self.directory / "notes"
        for path in (trace, notes):
            path.unlink(missing_ok=True)
        recorder = subprocess.Popen(
            [harness.TARRY, "record", *harness.recording(), "-o", trace, "--max-size", "200M", *options, "--",
             harness.workload("noted_calls"), "1300", notes],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if begun:
            harness.wait_until(lambda: notes.exists() and notes.stat().st_size > 0, what="the command")
        time.sleep(after_s)
        if stop_first:
            recorder.send_signal(signal.SIGSTOP)  # so that it holds what is listed next when it dies
        held = kernel_objects(recorder.pid)
        killed_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        recorder.kill()
        self.assertEqual(recorder.wait(), -signal.SIGKILL, "it was to be killed, not to end by itself")

        statuses = wait_for_orphans(10)
        self.assertIsNotNone(statuses, "the command did not end")
        harness.wait_until(lambda: not held_in_kernel(held), what="programs, links and maps to go")
        if not notes.exists() or notes.stat().st_size == 0:  # killed before the command was let go
            self.assertTrue(all(status != 7 for status in statuses), statuses)
            self.check_early_file(trace)
            return None
        self.assertIn(7, statuses, "the command ends as it would have")
        made = array.array("q", notes.read_bytes())
        self.assertEqual(made[1], 1)
        at_ns = made[2:2 + made[0]]
        return self.check_killed_file(trace, at_ns, killed_ns)

    def check_early_file(self, trace):
        if not trace.exists():
            return
        done = harness.run_tarry("check", trace)
        self.assertNotEqual(done.returncode, 0)
        for verb in ("info", "why", "show"):
            done = harness.run_tarry(verb, trace)
            if done.returncode:
                self.assert_one_clear_line(done)

    def check_killed_file(self, trace, at_ns, killed_ns):
        done = harness.run_tarry("check", trace)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout + done.stderr, "(?i)cut|end is missing|no trailer")
        done = harness.run_tarry("load", trace, "-o", self.directory / "killed.db")
        self.assertEqual(done.returncode, 0, done.stderr)
        kept = [row["i"] for row in harness.query(
            trace, "SELECT a1 AS i FROM syscall WHERE name = 'lseek' AND a2 = 77 ORDER BY a1")]
        self.assertEqual(kept, list(range(len(kept))), "what is there has no holes")
        self.assertLessEqual(len(kept), len(at_ns))
        # The command runs on without the recorder: only what came before counts.
        before = [ns for ns in at_ns if ns < killed_ns]
        last_ns = at_ns[len(kept) - 1] if kept else before[0] if before else killed_ns
        lag_ns = killed_ns - last_ns
        # Half a second is the recorder's own limit; the rest is for a machine that does not let it run.
        self.assertLess(lag_ns, 1_000_000_000, f"{len(kept)} of {len(before)} calls kept")
        return lag_ns

    def test_cut_anywhere(self):
        recorded = self.record("ls", "-lR", "/usr/include/linux", options=["--snaplen", "64"])
        whole = recorded.trace.read_bytes()
        cut = self.directory / "cut.tarry"
        for percent in (1, 10, 50, 90, 99):
            with self.subTest(percent=percent):
                cut.write_bytes(whole[:len(whole) * percent // 100])
                done = harness.run_tarry("summary", cut)
                self.assertLess(done.returncode, 3)
                if done.returncode:
                    self.assert_one_clear_line(done)

    def test_flipped_bytes(self):
        recorded = self.record("ls", "-lR", "/usr/include/linux")
        whole = bytearray(recorded.trace.read_bytes())
        damaged = self.directory / "damaged.tarry"
        # The last tenth is index and seek table, which readers can do without.
        for at in range(len(whole) // 7, len(whole) * 9 // 10, len(whole) // 7):
            with self.subTest(at=at):
                copy = bytearray(whole)
                copy[at] ^= 0x55
                damaged.write_bytes(copy)
                self.assertNotEqual(harness.run_tarry("check", damaged).returncode, 0)
                for verb in ("why", "show", "files"):
                    # 2 where what the verb is about is what was lost
                    self.assertIn(harness.run_tarry(verb, damaged).returncode, (0, 1, 2))


class FullDiskTest(harness.LiveTest):
    def small_disk(self, size):
        mount = self.directory / "small"
        mount.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", mount])
        if done.returncode:
            self.skip_loudly("cannot mount a small tmpfs")
        self.addCleanup(subprocess.run, ["umount", "-l", str(mount)])
        return mount

    def test_recording_onto_a_full_disk(self):
        mount = self.small_disk("512k")
        trace = mount / "t.tarry"
        mark = self.directory / "mark"
        # Two million calls are more than the disk holds, however well they compress and whatever is installed.
        done = harness.run_tarry("record", *harness.recording(), "-o", trace, "--", "sh", "-c",
                                 f"dd if=/dev/zero of=/dev/null bs=1 count=1000000; touch {mark}")
        self.assertTrue(mark.exists(), "the command has to go on")
        said = [line for line in done.stderr.splitlines() if "no space left" in line.lower()]
        self.assertEqual(len(said), 1, done.stderr)
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(trace.exists(), "what was recorded is kept")
        self.assertEqual(harness.run_tarry("info", trace).returncode, 0)
        self.assertGreater(harness.query(trace, "SELECT count(*) AS n FROM syscall")[0]["n"], 0)

    def test_reader_of_a_pipe_goes_away(self):
        mark = self.directory / "mark"
        recorder = self.start(harness.TARRY, "record", *harness.recording(), "-o", "-", "--", "sh", "-c",
                              f"dd if=/dev/zero of=/dev/null bs=1 count=1000000 2>/dev/null; touch {mark}; exit 5",
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        os.read(recorder.stdout.fileno(), 1000)
        recorder.stdout.close()
        err = recorder.stderr.read()
        self.assertNotIn(recorder.wait(harness.TIMEOUT_S), (0, -signal.SIGPIPE), err)
        self.assertTrue(mark.exists(), "the command has to go on")
        self.assertEqual(len([line for line in err.splitlines() if "broken pipe" in line.lower()]), 1, err)

    def test_loading_onto_a_full_disk(self):
        mount = self.small_disk("64k")
        recorded = self.record("ls", "-lR", "/usr/include/linux")
        done = harness.run_tarry("load", recorded.trace, "-o", mount / "t.db")
        self.assert_one_clear_line(done)
        self.assertEqual(list(mount.iterdir()), [], "nothing half-written is left behind")


class SizeTest(harness.LiveTest):
    def test_bounded_file(self):
        trace = self.directory / "t.tarry"
        done = harness.run_tarry("record", *harness.recording(), "-o", trace, "--max-size", "300K", "--snaplen", "1024", "--", "sh", "-c",
                                 "cat /usr/bin/* | head -c 50M | md5sum")
        self.assertTrue(trace.exists(), done.stderr)
        self.assertLess(trace.stat().st_size, 2_000_000)
        self.assertEqual(harness.run_tarry("check", trace).returncode, 0)


class LossTest(harness.LiveTest):
    def setUp(self):
        super().setUp()
        self.needs("losses")

    def storm(self):
        return self.record(harness.workload("storm"), "300000", str(2 * os.cpu_count()),
                           options=["--buffer", "64K"], level="syscalls")

    def test_recorded_and_lost_are_what_was_issued(self):
        """Of each thread, and at each time: the numbers that are missing are those that are said to be lost."""
        recorded = self.storm()
        facts = recorded.json_lines()
        threads = {row["tid"]: row for row in recorded.query("""
            SELECT t.tid AS tid, utid, count(*) AS calls, sum(s.name = 'getppid') AS mine, max(s.call_seq) AS last,
                   max(s.name = 'getpgid') AS done
            FROM syscall s JOIN thread t USING (utid) GROUP BY utid""")}
        slices = collections.defaultdict(list)
        for row in recorded.query("SELECT utid, ts, dur, count FROM loss WHERE source = 'syscalls'"):
            slices[row["utid"]].append(row)
        gaps = collections.defaultdict(list)
        for row in recorded.query("""SELECT * FROM (SELECT utid,
                call_seq - coalesce(lag(call_seq) OVER calls, 0) - 1 AS count,
                coalesce(lag(ts + dur) OVER calls, 0) AS begin, ts + dur AS end FROM syscall
                WINDOW calls AS (PARTITION BY utid ORDER BY call_seq)) WHERE count > 0"""):
            gaps[row["utid"]].append(row)

        self.assertEqual(len(facts), 2 * os.cpu_count())
        for fact in facts:
            row = threads[fact["tid"]]
            lost = sum(one["count"] for one in slices[row["utid"]])
            self.assertEqual(row["done"], 1, "its last call came when the ring had room")
            self.assertEqual(row["calls"] + lost, row["last"], "recorded and lost are all")
            self.assertGreaterEqual(row["mine"] + lost, fact["calls"])
            self.check_slices(slices[row["utid"]], gaps[row["utid"]])
        self.assertGreater(sum(len(one) for one in slices.values()), 0, "64 KiB cannot be enough for a storm")

    def check_slices(self, slices, gaps):
        """A lost call lies in the gap that it left and in the slice that counted it."""
        def meets(slice_, gap):
            return slice_["ts"] <= gap["end"] and slice_["ts"] + slice_["dur"] >= gap["begin"]

        for one in slices:
            self.assertLessEqual(one["dur"], 100 * harness.MS)
            self.assertGreaterEqual(sum(gap["count"] for gap in gaps if meets(one, gap)), one["count"])
        for gap in gaps:
            self.assertGreaterEqual(sum(one["count"] for one in slices if meets(one, gap)), gap["count"])

    def test_every_report_begins_with_what_was_lost(self):
        recorded = self.storm()
        self.assertRegex(recorded.stderr, r"[\d,]+ events were lost")
        for verb in ("why", "summary", "show", "time", "files", "tree", "info", "query"):
            sql = ["SELECT count(*) FROM syscall"] if verb == "query" else []
            with subprocess.Popen([harness.TARRY, verb, recorded.trace, *sql], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, errors="replace") as process:
                head = [line for _, line in zip(range(12 if verb == "info" else 3), process.stdout)]
                process.stdout.close()
            with self.subTest(verb=verb):
                self.assertRegex("".join(head), r"(?i)[\d,]+ (events|system calls)[^\n]*lost|lost +[\d,]+ events")

    def test_lives_are_not_lost_in_a_storm(self):
        """Thousands of processes beside it: each is there, with its exit status."""
        lives = self.directory / "lives"
        count = 3000
        recorded = self.record("sh", "-c", f"{harness.workload('storm')} 1500000 {os.cpu_count()} &"
                               f" {harness.workload('forks')} {count} {lives}; wait",
                               options=["--buffer", "64K"], level="syscalls")
        want = collections.Counter(tuple(map(int, line.split())) for line in lives.read_text().splitlines())
        self.assertEqual(sum(want.values()), count)
        got = collections.Counter((row["pid"], row["exit_code"]) for row in recorded.query("""
            SELECT p.pid, p.exit_code FROM process p JOIN process parent ON parent.upid = p.parent_upid
            WHERE parent.comm = 'forks' AND p.comm = 'forks'"""))
        self.assertEqual(sum((want - got).values()), 0, "each child is there with its status")
        self.assertEqual(recorded.query("SELECT count(*) AS n FROM loss WHERE source = 'lifecycle'")[0]["n"], 0)
        self.assertGreater(recorded.query("SELECT sum(count) AS n FROM loss")[0]["n"], 0)
        states = recorded.query("""SELECT count(*) AS n FROM (SELECT ts, dur, lead(ts) OVER
            (PARTITION BY utid ORDER BY ts, id) AS next FROM thread_state)
            WHERE next IS NOT NULL AND (dur IS NULL OR ts + dur <> next)""")
        self.assertEqual(states[0]["n"], 0)


class NothingLostTest(harness.LiveTest):
    def test_of_an_ordinary_run(self):
        recorded = self.record("ls", "-lR", "/usr/include")
        self.assertEqual(recorded.query("SELECT coalesce(sum(count), 0) AS n FROM loss")[0]["n"], 0)
        gaps = recorded.query("""SELECT utid, max(call_seq) - count(*) AS n FROM syscall GROUP BY utid
            HAVING n <> 0""")
        self.assertEqual(gaps, [])

    def test_the_program_waits_for_a_slow_reader_where_the_backend_can_make_it(self):
        if harness.knows("losses"):
            self.skipTest("eBPF stops nobody")
        calls, threads = 20000, 3
        recorder, trace = self.start_recorder("--buffer", "64K", "--level", "syscalls", "--", harness.workload("storm"),
                                              calls, threads, ready=False, stdin=subprocess.DEVNULL)
        out = []
        reader = threading.Thread(target=lambda: out.append(recorder.communicate(timeout=harness.TIMEOUT_S)))
        reader.start()
        harness.wait_until(lambda: trace.exists() and trace.stat().st_size > 0, what="the recorder")
        for _ in range(4):  # 64 KiB are full in some milliseconds
            recorder.send_signal(signal.SIGSTOP)
            time.sleep(0.3)
            recorder.send_signal(signal.SIGCONT)
            time.sleep(0.1)
        reader.join()
        self.assertEqual(recorder.returncode, 0, out)
        seen = {row["tid"]: row for row in harness.query(trace, """
            SELECT t.tid AS tid, count(*) AS calls, sum(s.name = 'getppid') AS mine, max(s.call_seq) AS last
            FROM syscall s JOIN thread t USING (utid) GROUP BY utid""")}
        facts = harness.json_lines(out[0][0])
        self.assertEqual(len(facts), threads)
        for fact in facts:
            row = seen[fact["tid"]]
            self.assertEqual(row["mine"], fact["calls"])
            self.assertEqual(row["calls"], row["last"], "the numbers have no holes")
        self.assertEqual(harness.query(trace, "SELECT count(*) AS n FROM loss"), [{"n": 0}])
        waited = harness.query(trace, "SELECT max(dur) AS ns FROM thread_state WHERE wait_kind = 'recorder'")[0]["ns"]
        self.assertGreater(waited, 100 * harness.MS, "the reader was not slow enough to say anything")


if __name__ == "__main__":
    harness.main()
