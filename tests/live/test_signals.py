"""Signals: what workloads/signals.c did to itself, and strace as oracle on the very same run."""
import os
import pathlib
import re
import signal
import subprocess

import harness

SCENES = ["kills", "children", "timers", "faults", "pipes", "queued", "stops", "blocked", "threads"]
DELIVERED = """
SELECT t.tid AS tid, s.name AS name, s.info AS info FROM signal s JOIN thread t USING (utid)
WHERE s.event = 'delivered' ORDER BY s.id
"""
EVENT = re.compile(r"^(\d+) +(---|\+\+\+) (.*) (---|\+\+\+)$")


def event_lines(text):
    """[(tid, "SIGCHLD {…}" | "stopped by SIGSTOP" | "exited with 0" | …)] of strace -f or tarry show."""
    return [(int(match.group(1)), match.group(3)) for match in map(EVENT.match, text.splitlines()) if match]


def born_in_order(tids):
    """Numbers go up in the order of birth, and at the end of their range begin again: the widest gap is there."""
    tids = sorted(tids)
    pid_max = int(pathlib.Path("/proc/sys/kernel/pid_max").read_text())
    gaps = [tids[0] + pid_max - tids[-1]] + [b - a for a, b in zip(tids, tids[1:])]
    first = gaps.index(max(gaps))
    return tids[first:] + tids[:first]


def renumbered(events):
    """The same with threads and pids counted from 1."""
    number = {tid: at for at, tid in enumerate(born_in_order({tid for tid, _ in events}), 1)}
    by_thread = {}
    for tid, text in events:
        text = re.sub(r"si_pid=(\d+)", lambda m: f"si_pid=#{number.get(int(m.group(1)), '?')}", text)
        text = re.sub(r", si_utime=.*}", "}", text)
        # Under ptrace any thread of the process may take the SIGCONT.
        by_thread.setdefault("SIGCONT" if text.startswith("SIGCONT") else number[tid], []).append(text)
    return by_thread


class SignalsTest(harness.LiveTest):
    def nothing_lost(self, recorded):
        lost = recorded.query("SELECT coalesce(sum(count), 0) AS n FROM loss")[0]["n"]
        self.assertEqual(lost, 0, "events were lost: nothing to compare")

    def test_same_run_as_strace(self):
        self.needs("same run")
        for scene in SCENES + ["last"]:
            with self.subTest(scene=scene):
                text = self.directory / f"{scene}.txt"
                recorded = self.record("strace", "-f", "-e", "trace=none", "-o", text,
                                       harness.workload("signals"), scene, check=scene != "last")
                self.nothing_lost(recorded)
                wanted = {}
                for tid, event in event_lines(text.read_text()):
                    wanted.setdefault(tid, [])
                    if "{" in event:
                        wanted[tid].append(event)
                seen = {tid: [] for tid in wanted}
                for row in recorded.query(DELIVERED):
                    # strace is not told of SIGKILL before it is over.
                    if row["tid"] in seen and row["name"] != "SIGKILL":
                        seen[row["tid"]].append(f"{row['name']} {row['info']}")
                first = seen[born_in_order(seen)[0]]
                while first and first[0].startswith(("SIGSTOP", "SIGCONT")):  # the child waits for its tracer
                    first.pop(0)
                self.assertEqual(seen, wanted)
                if scene not in ("blocked", "threads"):
                    self.assertGreater(sum(map(len, wanted.values())), 0)

    def test_another_run_than_strace_with_stops_and_ends(self):
        """A tracer sees stops otherwise than a scheduler: here nobody traces what tarry records. Then the kernel
        drops what would be ignored (SIGCHLD in these scenes) unless it comes while all signals are blocked, as in
        a fork, while under ptrace it delivers everything."""
        for scene in ("kills", "queued", "stops", "blocked"):
            with self.subTest(scene=scene):
                text = self.directory / f"{scene}.txt"
                subprocess.run(["strace", "-f", "-e", "trace=none", "-o", text, harness.workload("signals"), scene],
                               check=True, capture_output=True, timeout=harness.TIMEOUT_S)
                recorded = self.record(harness.workload("signals"), scene)
                self.nothing_lost(recorded)
                shown = harness.run_tarry("show", recorded.trace, "-e", "none", "--pids", "always").stdout
                seen = [event for event in event_lines(shown) if not event[1].startswith(("SIGKILL ", "SIGCHLD "))]
                wanted = [event for event in event_lines(text.read_text()) if not event[1].startswith("SIGCHLD ")]
                self.assertEqual(renumbered(seen), renumbered(wanted))

    def test_receivers_senders_and_actions(self):
        for level in ("waits", "syscalls"):
            recorded = self.record(harness.workload("signals"), *SCENES, level=level)
            self.nothing_lost(recorded)
            facts = recorded.json_lines()
            self.assertGreater(len(facts), 10)
            for fact in facts:
                with self.subTest(level=level, **fact):
                    self.check_fact(recorded, fact)

    def check_fact(self, recorded, fact):
        rows = recorded.query(f"""
            SELECT t.tid AS tid, p.pid AS pid, s.signo AS signo, s.action AS action, st.tid AS sender_tid,
                   s.sender_pid AS sender_pid, sp.pid AS sender_process, p.exit_signal AS exit_signal
            FROM signal s JOIN thread t USING (utid) JOIN process p USING (upid)
            LEFT JOIN thread st ON st.utid = s.sender_utid LEFT JOIN process sp ON sp.upid = st.upid
            WHERE s.event = 'delivered'""")
        if fact.get("signo") == signal.SIGKILL and not harness.knows("last signals"):
            self.assertEqual([row for row in rows if row["signo"] == signal.SIGKILL], [])
            return
        if fact["fact"] == "none":
            self.assertEqual([row for row in rows if row["pid"] == fact["pid"]], [])
            return
        unnamed = set() if harness.knows("sending threads") else {None}
        if fact["fact"] == "process":
            rows = [row for row in rows if row["pid"] == fact["pid"]]
            self.assertEqual([(row["signo"], row["action"]) for row in rows], [(fact["signo"], "terminate")])
            self.assertIn(rows[0]["sender_tid"], {fact["sender_tid"]} | unnamed)
            self.assertEqual(rows[0]["exit_signal"], fact["signo"])
            return
        # Under ptrace any thread of the process may take the SIGCONT.
        anyone = fact["signo"] == signal.SIGCONT and harness.BACKEND == "ptrace"
        rows = [row for row in rows if row["signo"] == fact["signo"] and (row["tid"] == fact["tid"] or anyone)]
        # A process may have handled the same signal in more than one scene.
        senders = {fact["sender_tid"] or None} | unnamed
        rows = [row for row in rows if not fact["sender_tid"] or row["sender_tid"] in senders]
        self.assertEqual(len(rows), fact["times"])
        for row in rows:
            self.assertEqual(row["action"], fact["action"])
            self.assertIn(row["sender_tid"], senders)
            if row["sender_tid"]:
                self.assertEqual(row["sender_pid"], row["sender_process"])

    def test_values_arrive_in_order(self):
        recorded = self.record(harness.workload("signals"), "queued")
        values = recorded.query("SELECT value FROM signal WHERE code = 'SI_QUEUE' AND value > 0 AND value <= 50"
                                " ORDER BY id")
        self.assertEqual([row["value"] for row in values], list(range(1, 51)))

    def test_recorded_and_lost_are_what_was_sent(self):
        self.needs("losses")
        for level in ("waits", "syscalls"):
            with self.subTest(level=level):
                recorded = self.record(harness.workload("signals"), "storm", level=level,
                                       options=["--buffer", "64K"])
                fact = recorded.json_lines()[0]
                seen = recorded.query("SELECT count(*) AS n FROM signal WHERE name = 'SIGUSR2'")[0]["n"]
                lost = recorded.query("SELECT coalesce(sum(count), 0) AS n FROM loss"
                                      " WHERE source = 'signals'")[0]["n"]
                self.assertEqual(seen + lost, fact["times"])
                notes = harness.run_tarry("show", recorded.trace, "-e", "none", "-e", "signal=none").stderr
                self.assertEqual("signals were lost" in notes, lost > 0)

    def test_sender_that_is_not_recorded(self):
        for level in ("waits", "syscalls"):
            with self.subTest(level=level):
                target = self.start("sleep", "30")
                recorder, trace = self.start_recorder("-p", str(target.pid), "--level", level, name=f"{level}.tarry")
                os.kill(target.pid, signal.SIGSTOP)
                os.waitpid(target.pid, os.WUNTRACED)
                harness.time.sleep(0.1)
                os.kill(target.pid, signal.SIGCONT)
                harness.time.sleep(0.1)
                os.kill(target.pid, signal.SIGTERM)
                recorder.communicate(timeout=harness.TIMEOUT_S)
                rows = harness.query(trace, """
                    SELECT s.event, s.name, s.action, p.pid AS sender, p.recorded, s.sender_pid FROM signal s
                    LEFT JOIN thread t ON t.utid = s.sender_utid LEFT JOIN process p USING (upid) ORDER BY s.id""")
                me = os.getpid()
                known = {"sender": me, "recorded": 0, "sender_pid": me}
                if not harness.knows("sending threads"):
                    known.update(sender=None, recorded=None)
                self.assertEqual(rows, [
                    {"event": "delivered", "name": "SIGSTOP", "action": "stop", **known},
                    {"event": "stopped", "name": "SIGSTOP", "action": "stop",
                     "sender": None, "recorded": None, "sender_pid": None},
                    {"event": "delivered", "name": "SIGCONT", "action": "continue", **known},
                    {"event": "delivered", "name": "SIGTERM", "action": "terminate", **known}])
                ended = harness.run_tarry("show", trace, "-e", "none").stdout.splitlines()[-2:]
                self.assertRegex(ended[0], rf"--- SIGTERM \{{si_signo=SIGTERM, si_code=SI_USER, si_pid={me}, ")
                self.assertTrue(ended[1].endswith("+++ killed by SIGTERM +++"), ended[1])


if __name__ == "__main__":
    harness.main()
