"""Scheduling oracle: time on CPU and in the run queue against the kernel's own accounts, and the
partition of every thread's life."""
import os
import pathlib
import threading
import time

import harness

# Up to the moment, in CLOCK_BOOTTIME, at which the thread read its accounts.
UNTIL = """
SELECT s.state AS state, sum(min(s.dur, {end_ns} - (s.ts + c.boottime))) AS ns
FROM thread_state s JOIN thread t USING (utid)
JOIN (SELECT boottime - ts AS boottime FROM clock ORDER BY ts LIMIT 1) c
WHERE t.tid = {tid} AND s.ts + c.boottime < {end_ns} GROUP BY s.state
"""

# Neighbours that do not meet; the last row of a thread may be open, all others may not.
PARTITION_BREAKS = """
SELECT * FROM (
  SELECT utid, ts, dur, state, lead(ts) OVER (PARTITION BY utid ORDER BY ts, id) AS next_ts
  FROM thread_state)
WHERE next_ts IS NOT NULL AND (dur IS NULL OR ts + dur <> next_ts) OR dur < 0
"""

LIFE_BREAKS = """
SELECT t.utid, t.tid, t.start_ts, t.end_ts, min(s.ts) AS first_ts, max(s.ts + s.dur) AS last_ts,
       sum(s.dur IS NULL) AS open_rows
FROM thread t JOIN thread_state s USING (utid) GROUP BY t.utid
HAVING t.start_ts >= 0 AND t.start_ts <> first_ts
   OR t.end_ts IS NOT NULL AND (open_rows > 0 OR t.end_ts <> last_ts)
   OR t.end_ts IS NULL AND open_rows <> 1
"""


def cpu_cgroup():
    """Mount point of the cgroup hierarchy that limits CPU, and whether it is version 1."""
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, path, kind, options = line.split()[:4]
        if kind == "cgroup" and "cpu" in options.split(","):
            return pathlib.Path(path), True
        if kind == "cgroup2" and "cpu" in (pathlib.Path(path) / "cgroup.controllers").read_text().split():
            return pathlib.Path(path), False
    return None, None


def throttled_ns(group):
    """What the kernel has counted; a group of one thread is throttled on one CPU at a time."""
    facts = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    return int(facts.get("throttled_time", 0)) or int(facts.get("throttled_usec", 0)) * 1000


RECORDINGS = 3


def record_whole(test, *command, level):
    """(recording, how many switches the kernel left out of it): docs/install.md; where there are more than a
    few it is recorded again, and if that is always so they are ours."""
    for _ in range(RECORDINGS):
        recorded = test.record(*command, level=level)
        facts = {row["name"]: row["value"] for row in recorded.query(
            "SELECT name, value FROM stats WHERE name IN ('switches', 'switches_missing')")}
        allowed = 2 + facts["switches"] // 500
        if facts["switches_missing"] <= allowed:
            break
    test.assertLessEqual(facts["switches_missing"], allowed)
    return recorded, facts["switches_missing"]


class AccountsTest(harness.LiveTest):
    def check_accounts(self, level):
        for last in (False, False, True):
            before_ns = harness.stolen_ns()
            recorded, left_out = record_whole(self, harness.workload("sched_accounts"), level=level)
            taken_ns = harness.stolen_ns() - before_ns
            # Less than a tick does not show; on a machine of its own nothing is ever taken.
            if last and harness.stolen_ns() > 0:
                taken_ns += harness.TICK_NS
            wrong = self.wrong_accounts(recorded, left_out, taken_ns)
            if not wrong or harness.stolen_ns() == 0:
                break
        self.assertEqual(wrong, [])
        self.assertEqual(recorded.query(PARTITION_BREAKS), [])
        self.assertEqual(recorded.query(LIFE_BREAKS), [])

    def wrong_accounts(self, recorded, left_out, taken_ns):
        facts = recorded.json_lines()
        process = next(fact for fact in facts if fact["fact"] == "process")
        wrong = []
        for fact in facts:
            # The kernel's accounts of the first thread begin before the recording.
            if fact["fact"] != "thread" or fact["tid"] == process["pid"]:
                continue
            seen = {row["state"]: row["ns"] for row in recorded.query(UNTIL.format(**fact))}
            # Where the kernel left out a switch (docs/install.md) the trace says so, and how long.
            unknown_ns = seen.get("unknown", 0) if left_out else 0
            # The threads are made one after the other, by one that may have to wait for its CPU meanwhile.
            fact["blocked_ns"] = fact["life_ns"] - fact["running_ns"] - fact["queued_ns"]
            born_late_ns = 30 * harness.MS
            short_queues_ns = 0 if harness.knows("short queues") else 30_000 * recorded.query(
                f"SELECT count(*) AS n FROM thread_state JOIN thread USING (utid) WHERE tid = {fact['tid']}"
                " AND wait_kind = 'recorder'")[0]["n"]
            for state, column in (("running", "running_ns"), ("runnable", "queued_ns"), ("blocked", "blocked_ns")):
                ns = seen.get(state, 0)
                tolerance = max(fact[column] // 100, harness.MS)
                most = tolerance + {"running": taken_ns, "blocked": short_queues_ns}.get(state, 0)
                least = tolerance + unknown_ns + {"blocked": born_late_ns + taken_ns,
                                                  "runnable": short_queues_ns}.get(state, 0)
                if not -least <= ns - fact[column] <= most:
                    wrong.append(f"tid {fact['tid']} {state}: trace {ns}, kernel {fact[column]}")
        seen = recorded.query(
            f"SELECT user_ns, system_ns FROM process WHERE pid = {process['pid']}")[0]
        for column in ("user_ns", "system_ns"):
            # The kernel splits the total by ticks: a few of those, and what came after.
            if abs(seen[column] - process[column]) > 30 * harness.MS:
                wrong.append(f"{column}: trace {seen[column]}, kernel {process[column]}")
        return wrong

    def test_running_and_queued_time_at_level_syscalls(self):
        self.check_accounts("syscalls")

    def test_running_and_queued_time_at_level_waits(self):
        self.check_accounts("waits")

    def test_cpu_queue_is_the_kind_of_waiting_for_a_cpu(self):
        recorded = self.record("taskset", "-c", "0", harness.workload("cpu_burner"), "200", "3",
                               level="waits")
        burnt = recorded.json_lines()[0]
        kinds = {row["kind"]: row["ns"] for row in recorded.query(
            "SELECT wait_kind AS kind, sum(dur) AS ns FROM thread_state WHERE state = 'runnable'"
            " GROUP BY wait_kind")}
        self.assertEqual(list(kinds), ["cpu-queue"])
        # Three threads want one CPU for 200 ms each: 600 ms; two thirds of the time each waits.
        self.assertGreater(kinds["cpu-queue"], 2 * 0.8 * burnt["cpu_ns"] * 2 / 3)


PERIOD_NS = 100 * harness.MS


class QuotaTest(harness.LiveTest):
    def test_used_up_quota_is_cpu_limit(self):
        self.needs("quota")
        root, version_1 = cpu_cgroup()
        if not root:
            self.skip_loudly("no cgroup hierarchy here limits CPU")
        group = root / f"tarry-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError as error:
            self.skip_loudly(f"cannot make a cgroup: {error}")
        self.addCleanup(group.rmdir)
        if version_1:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_NS // 1000))
            (group / "cpu.cfs_quota_us").write_text("5000")
        else:
            (group / "cpu.max").write_text(f"5000 {PERIOD_NS // 1000}")
        burner = harness.workload("cpu_burner")
        for level in ("waits", "syscalls"):
            with self.subTest(level=level):
                before = throttled_ns(group)
                recorded = self.record(
                    "sh", "-c", f'echo $$ > {group}/cgroup.procs && exec {burner} 40', level=level)
                burnt = recorded.json_lines()[0]
                limited = recorded.query(
                    "SELECT coalesce(sum(dur), 0) AS ns FROM thread_state"
                    " WHERE state = 'runnable' AND wait_kind = 'cpu-limit'")[0]["ns"]
                throttled = throttled_ns(group) - before
                self.assertGreater(throttled, 50 * harness.MS, "the quota did not bite")
                # The kernel goes on counting to the end of a period in which the last thread has already ended.
                self.assertAlmostEqual(limited, throttled, delta=PERIOD_NS + throttled // 20)
                # In main() it cannot have been limited for longer than it did not run.
                begin_ns = burnt["begin_ns"]
                inside = recorded.query(f"""
                    SELECT coalesce(sum(min(ts + boottime + dur, {begin_ns + burnt["real_ns"]})
                                        - max(ts + boottime, {begin_ns})), 0) AS ns
                    FROM thread_state, (SELECT boottime - ts AS boottime FROM clock ORDER BY ts LIMIT 1)
                    WHERE wait_kind = 'cpu-limit' AND ts + boottime + dur > {begin_ns}
                      AND ts + boottime < {begin_ns + burnt["real_ns"]}""")[0]["ns"]
                lost = burnt["real_ns"] - burnt["cpu_ns"]
                self.assertLessEqual(inside, lost + 2 * harness.MS)


class PartitionTest(harness.LiveTest):
    def check_partition(self, *command, level):
        recorded, left_out = record_whole(self, *command, level=level)
        self.assertEqual(recorded.query(PARTITION_BREAKS), [])
        self.assertEqual(recorded.query(LIFE_BREAKS), [])
        unknown = recorded.query("SELECT coalesce(sum(dur), 0) AS ns FROM thread_state"
                                 " WHERE state = 'unknown'")[0]["ns"]
        lost = recorded.query("SELECT coalesce(sum(count), 0) AS n FROM loss")[0]["n"]
        if lost == 0 and left_out == 0:
            self.assertEqual(unknown, 0, "nothing was lost and all threads were born in the recording")


    def test_many_short_threads(self):
        for level in ("waits", "syscalls"):
            with self.subTest(level=level):
                self.check_partition(harness.workload("many_threads"), level=level)

    def test_odd_lives(self):
        for level in ("waits", "syscalls"):
            with self.subTest(level=level):
                self.check_partition(harness.workload("odd_lives"), level=level)

    def test_pipeline_of_a_shell(self):
        for level in ("waits", "syscalls"):
            with self.subTest(level=level):
                self.check_partition(
                    "bash", "-c", "for i in 1 2 3; do (ls -l /usr/bin | sort -k5n | tail -3) >/dev/null; done;"
                    " echo $(echo $(echo deep))", level=level)

    def test_threads_that_lived_before(self):
        """Attached to this very process, one thread of which is asleep throughout."""
        over = threading.Event()
        sleeper = threading.Thread(target=over.wait)
        sleeper.start()
        try:
            recorder, trace = self.start_recorder("-p", os.getpid(), "--level", "waits", "--for", "1s")
            out, err = recorder.communicate(timeout=harness.TIMEOUT_S)
            self.assertEqual(recorder.returncode, 0, err)
        finally:
            over.set()
            sleeper.join()
        self.assertEqual(harness.query(trace, PARTITION_BREAKS), [])
        self.assertEqual(harness.query(trace, LIFE_BREAKS), [])
        rows = harness.query(trace, f"""
            SELECT state, wait_kind AS kind, call_name AS call, dur FROM thread_state s
            JOIN thread t USING (utid) WHERE t.tid = {sleeper.native_id}""")
        self.assertEqual([(row["state"], row["kind"], row["dur"]) for row in rows],
                         [("blocked", "lock", None)])


if __name__ == "__main__":
    harness.main()
