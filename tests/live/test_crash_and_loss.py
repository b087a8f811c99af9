"""The recorder is killed; the disk is full; the ring is too small. Nothing else suffers, and
everything that is missing is said."""
import os
import pathlib
import signal
import subprocess
import time

import harness


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
        done = harness.run_tarry("record", "-o", trace, "--", "sh", "-c",
                                 f"dd if=/dev/zero of=/dev/null bs=1 count=1000000; touch {mark}")
        self.assertTrue(mark.exists(), "the command has to go on")
        said = [line for line in done.stderr.splitlines() if "no space left" in line.lower()]
        self.assertEqual(len(said), 1, done.stderr)
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(trace.exists(), "what was recorded is kept")
        self.assertEqual(harness.run_tarry("info", trace).returncode, 0)
        self.assertGreater(harness.query(trace, "SELECT count(*) AS n FROM syscall")[0]["n"], 0)

    def test_loading_onto_a_full_disk(self):
        mount = self.small_disk("64k")
        recorded = self.record("ls", "-lR", "/usr/include/linux")
        done = harness.run_tarry("load", recorded.trace, "-o", mount / "t.db")
        self.assert_one_clear_line(done)
        self.assertEqual(list(mount.iterdir()), [], "nothing half-written is left behind")


class SizeTest(harness.LiveTest):
    def test_bounded_file(self):
        trace = self.directory / "t.tarry"
        done = harness.run_tarry("record", "-o", trace, "--max-size", "300K", "--snaplen", "1024", "--", "sh", "-c",
                                 "cat /usr/bin/* | head -c 50M | md5sum")
        self.assertTrue(trace.exists(), done.stderr)
        self.assertLess(trace.stat().st_size, 2_000_000)
        self.assertEqual(harness.run_tarry("check", trace).returncode, 0)


class LossTest(harness.LiveTest):
    def test_recorded_and_lost_are_what_was_issued(self):
        recorded = self.record(harness.workload("storm"), "300000", str(2 * os.cpu_count()),
                               options=["--buffer", "64K"], level="syscalls")
        facts = recorded.json_lines()
        lost = recorded.query("SELECT coalesce(sum(count), 0) AS n FROM loss WHERE source = 'syscalls'")[0]["n"]
        self.assertGreater(lost, 0, "64 KiB cannot be enough for a storm")
        threads = {row["tid"]: row for row in recorded.query("""
            SELECT t.tid AS tid, count(*) AS calls, sum(s.name = 'getppid') AS mine, max(s.call_seq) AS last
            FROM syscall s JOIN thread t USING (utid) GROUP BY utid""")}
        gaps = sum(row["last"] - row["calls"] for row in threads.values())
        # Losses after a thread's last recorded call leave no gap in its numbers.
        self.assertLessEqual(gaps, lost)
        for fact in facts:
            row = threads.get(fact["tid"])
            if row is None:
                continue
            self.assertLessEqual(row["mine"] + row["last"] - row["calls"], fact["calls"] + 100)
        issued = sum(fact["calls"] for fact in facts)
        mine = sum(row["mine"] for row in threads.values())
        self.assertTrue(issued <= mine + lost <= issued + 5000, f"{mine} + {lost}, issued {issued}")
        self.assertIn("lost", recorded.stderr)
        for verb in ("why", "summary", "show", "time"):
            done = harness.run_tarry(verb, recorded.trace)
            with self.subTest(verb=verb):
                head = "\n".join(done.stdout.splitlines()[:6]) + done.stderr
                self.assertIn("lost", head)

    def test_lives_are_not_lost_in_a_storm(self):
        recorded = self.record("sh", "-c", f"{harness.workload('storm')} 300000 & for i in $(seq 100);"
                               " do /bin/true; done; wait", options=["--buffer", "64K"], level="syscalls")
        rows = recorded.query("SELECT count(*) AS n FROM process WHERE comm = 'true' AND exit_code = 0")
        self.assertEqual(rows[0]["n"], 100)
        states = recorded.query("""SELECT count(*) AS n FROM (SELECT ts, dur, lead(ts) OVER
            (PARTITION BY utid ORDER BY ts, id) AS next FROM thread_state)
            WHERE next IS NOT NULL AND (dur IS NULL OR ts + dur <> next)""")
        self.assertEqual(states[0]["n"], 0)

    def test_nothing_is_lost_of_an_ordinary_run(self):
        recorded = self.record("ls", "-lR", "/usr/include")
        self.assertEqual(recorded.query("SELECT coalesce(sum(count), 0) AS n FROM loss")[0]["n"], 0)
        gaps = recorded.query("""SELECT utid, max(call_seq) - count(*) AS n FROM syscall GROUP BY utid
            HAVING n <> 0""")
        self.assertEqual(gaps, [])


if __name__ == "__main__":
    harness.main()
