"""The ptrace backend records what eBPF records of the very same run: `tarry record --backend bpf` records, as root,
`tarry record --backend ptrace`, which records a program as a user without rights. What eBPF sees of a program is compared
with strace in test_strace.py.

The story's programs are run twice, once under each, for `why` to say the same of them.
"""
import collections
import json
import os
import re
import shutil
import subprocess

import harness
import other_user

SNAPLEN = 32
PYTHON = "/usr/bin/python3"

MARGIN_NS = 10 * harness.MS
# Waits that last, whose end a thread brought about. The tracer ends stops.
WAKERS = f"""SELECT t.tid AS tid, s.ts + c.boottime AS begin, s.ts + s.dur + c.boottime AS end, s.call_name AS call,
w.tid AS waker FROM thread_state s JOIN thread t USING (utid) JOIN thread w ON w.utid = s.waker_utid
JOIN (SELECT boottime - ts AS boottime FROM clock ORDER BY ts LIMIT 1) c
WHERE s.dur > {2 * MARGIN_NS} AND s.wait_kind <> 'recorder' AND s.waker_context = 'thread'
AND w.name <> 'tarry-tracer'"""

KILLED_IN_CALL = re.compile(r" <unfinished \.\.\.>$")


def lines_by_thread(trace):
    """What show prints of each thread, without the columns' padding."""
    shown = harness.run_tarry("show", trace, "--pids", "always")
    threads = {}
    for line in shown.stdout.splitlines():
        match = re.match(r"(\d+) +(.*)", line)
        if match:
            threads.setdefault(int(match[1]), []).append(re.sub(r"\s+= ", " = ", match[2]))
    return threads


def same_line(bpf, ptrace):
    if bpf == ptrace:
        return True
    # Killed in a call: ptrace does not see it return any more.
    cut = KILLED_IN_CALL.search(ptrace)
    if cut:
        return bpf.startswith(ptrace[:cut.start()].rstrip(", "))
    # Where the new thread's end clears its id (CLONE_CHILD_CLEARTID), it may be over before the tracer looks.
    if ptrace.startswith("clone") and "parent_tid=[0]" in ptrace:
        return re.sub(r"parent_tid=\[\d+\]", "parent_tid=[0]", bpf) == ptrace
    # A connection that was refused has lost its own port where the kernel looks, not where a program asks.
    port = re.compile(r"(\d[\d.]*|\[[0-9a-f:]+\]):\d+->")
    return port.sub(r"\1:0->", bpf) == port.sub(r"\1:0->", ptrace)


def without_unseen(lines):
    """Without what one of the two cannot see: a SIGKILL as it comes, a group stop of who is traced."""
    return [line for line in lines if not line.startswith(("--- SIGKILL ", "--- stopped by "))]


class SameRunTest(harness.LiveTest):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skip_loudly("needs root, to become another user")
        self.home = other_user.make_home(harness.TARRY, other_user.the_user())
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def workload(self, name):
        return shutil.copy2(harness.workload(name), self.home)

    def check(self, *command, minimum, threads=1, check=True):
        inner = self.home / "inner.tarry"
        outer = self.record(self.home / "tarry", "record", "-q", "--backend", "ptrace", "-s", SNAPLEN, "-o", inner, "--",
                            *command, level="syscalls", options=["-u", other_user.USER, "-s", SNAPLEN], check=check,
                            cwd=self.home)
        ptrace, bpf = lines_by_thread(inner), lines_by_thread(outer.trace)
        self.assertEqual(inner.stat().st_uid, other_user.the_user().pw_uid)
        self.assertEqual(len(ptrace), threads)
        wrong, count = [], 0
        for tid, seen in ptrace.items():
            wanted = bpf.get(tid, [])
            if seen[0].startswith("execve("):  # the launcher's own calls come before
                start = next(i for i, line in enumerate(wanted) if line.startswith("execve("))
                wanted = wanted[start:]
            wanted, seen = without_unseen(wanted), without_unseen(seen)
            count += len(seen)
            if len(wanted) != len(seen):
                wrong.append(f"{tid}: {len(wanted)} lines by eBPF, {len(seen)} by ptrace")
            wrong += [f"{tid} bpf:    {left}\n{tid} ptrace: {right}"
                      for left, right in zip(wanted, seen) if not same_line(left, right)]
        self.assertFalse(wrong, "\n" + "\n".join(wrong[:20]))
        self.assertGreater(count, minimum)
        return inner, outer.trace

    def compare_wakers(self, ptrace, bpf, minimum):
        """What the tracer concludes of them is what the kernel says."""
        kernel = harness.query(bpf, WAKERS)
        checked, wrong = 0, []
        for row in harness.query(ptrace, WAKERS):
            same = [other for other in kernel if other["tid"] == row["tid"] and other["call"] == row["call"]
                    and other["begin"] < row["end"] - MARGIN_NS and other["end"] > row["begin"] + MARGIN_NS]
            checked += len(same)
            wrong += [f"{row}, by eBPF {other['waker']}" for other in same if other["waker"] != row["waker"]]
        self.assertFalse(wrong, "\n" + "\n".join(wrong))
        self.assertGreaterEqual(checked, minimum)

    def test_wakers(self):
        (self.home / "Makefile").write_text("all: a b c d\na b c d:\n\tsleep 0.05\n")
        script = ("(sleep 0.1; echo a; sleep 0.1; echo b) | (while read x; do echo $x; done) | cat;"
                  " y=$(sleep 0.1; echo $(sleep 0.1; echo c)); head -c 1000000 /dev/zero | (sleep 0.1; wc -c);"
                  " make -s -j2; sleep 0.1 & wait")
        traces = self.check("bash", "-c", script, minimum=1000, threads=19)
        self.compare_wakers(*traces, minimum=6)

    def test_shell(self):
        self.check("sh", "-c", "echo hi; ls / | wc -l; (exit 3); cat /nonexistent; true", minimum=300, threads=5)

    def test_python(self):
        self.check(PYTHON, "-c", "import subprocess, socket, json, threading; subprocess.run(['true']);"
                   "t = threading.Thread(target=print); t.start(); t.join()", minimum=800, threads=3)

    def test_git(self):
        self.check("git", "init", "-q", "repository", minimum=200)

    def test_compiler(self):
        source = self.home / "x.c"
        source.write_text("#include <stdio.h>\nint main(void) { return puts(\"x\"); }\n")
        self.check("gcc", "-c", "-o", self.home / "x.o", source, minimum=1000, threads=3)

    def test_sqlite(self):
        self.check("sqlite3", self.home / "x.db", "CREATE TABLE a(b); INSERT INTO a VALUES (1);", minimum=100)

    def test_refused_connection(self):
        self.check("curl", "-s", "http://127.0.0.1:1/", minimum=200, check=False)

    def test_many_threads(self):
        self.check(self.workload("many_threads"), minimum=4000, threads=401)

    def test_spawned_processes(self):
        self.check(self.workload("spawns"), minimum=3000, threads=73)

    def test_odd_lives(self):
        self.check(self.workload("odd_lives"), minimum=100, threads=11)

    def test_exec_by_a_thread(self):
        self.check(self.workload("exec_thread"), minimum=50, threads=3, check=False)

    def test_restarted_calls(self):
        self.check(self.workload("restarts"), minimum=200, threads=23)

    def test_structures(self):
        self.check(self.workload("rich_calls"), minimum=200, threads=4)

    def test_sockets(self):
        self.check(self.workload("rich_sockets"), minimum=100)

    def test_odd_calls(self):
        self.check(self.workload("odd_calls"), self.home, minimum=100, threads=5)



# How long a program computes, and whether a CPU is free for it, differs from run to run: its share counts.
CPU = "computes or wants to"


class SameStoryTest(harness.LiveTest):
    """The story's programs, run under each: `why` names the same, for as long."""
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skip_loudly("needs root, to become another user")
        self.home = other_user.make_home(harness.TARRY, other_user.the_user())
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        shutil.copytree(other_user.SOURCES / "sample_traces", self.home, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("*.tarry"))

    def why(self, backend, *command):
        """{(kind, role, subject, peer's program): ns}, the real time without the price of ptrace, and the conclusion
        without its numbers."""
        trace = self.home / f"{backend}.tarry"
        how = other_user.as_user(other_user.the_user(), self.home)
        if backend == "bpf":  # as root, for which `-u` does it
            how = {"cwd": how["cwd"], "env": how["env"]}
        done = subprocess.run([self.home / "tarry", "record", "-q", "--backend", backend, "-o", trace,
                               *(["-u", other_user.USER] if backend == "bpf" else []), "--", *command],
                              capture_output=True, text=True, timeout=harness.TIMEOUT_S, **how)
        self.assertEqual(done.returncode, 0, done.stderr)
        [report] = json.loads(harness.run_tarry("why", trace, "--format", "json").stdout)["reports"]
        price_ns = sum(group["total_ns"] for group in report["waits"] if group["kind"] == "recorder")
        parts = collections.Counter({CPU: report["on_cpu_ns"]})
        for group in report["waits"]:
            if group["kind"] == "recorder":
                continue
            key = CPU if group["kind"] == "cpu-queue" else (
                group["kind"], group.get("role"), without_numbers(group.get("subject")), group.get("peer", {}).get("comm"))
            parts[key] += group["total_ns"]
        return parts, report["real_ns"] - price_ns, without_numbers(report["conclusion"])

    def check(self, *command, tolerance=0.08, same_conclusion=True):
        """`tolerance`: of the real time."""
        bpf, real_ns, bpf_says = self.why("bpf", *command)
        ptrace, ptrace_real_ns, ptrace_says = self.why("ptrace", *command)
        wrong = [f"{key}: {bpf[key] / 1e6:.0f} ms by eBPF, {ptrace[key] / 1e6:.0f} ms by ptrace"
                 for key in (bpf.keys() | ptrace.keys()) - {CPU} if abs(bpf[key] - ptrace[key]) > real_ns * tolerance]
        self.assertFalse(wrong, "\n" + "\n".join(wrong))
        if same_conclusion:
            self.assertEqual(bpf_says, ptrace_says)
        shares = [{key: ns / whole for key, ns in parts.items()}
                  for parts, whole in ((bpf, real_ns), (ptrace, ptrace_real_ns))]
        return shares, (bpf_says, ptrace_says)

    def test_slow_server(self):
        shares, _ = self.check("python3", "mystery_1.py")
        for share in shares:
            self.assertGreater(share[("network", "answer", "#.#.#.#:#", "python3")], 0.7)

    def test_cpu_burner(self):
        shares, _ = self.check("python3", "mystery_2.py")
        for share in shares:
            self.assertGreater(share[CPU], 0.9)

    def test_writer(self):
        # How long the disk takes is not the same twice: the kinds and the file are.
        self.check("python3", "mystery_3.py", tolerance=0.4, same_conclusion=False)
        for backend in ("bpf", "ptrace"):
            files = harness.query(self.home / f"{backend}.tarry", """SELECT DISTINCT r.path FROM thread_state s
                JOIN resource r ON r.id = s.resource_id WHERE s.wait_kind = 'disk' AND s.call_name = 'fsync'""")
            self.assertEqual(len(files), 1)
            self.assertRegex(files[0]["path"], r"^/var/tmp/mystery_3\..*\.data$")

    def test_shell(self):
        for how, read in (("login", ".bash_profile"), ("interactive", ".bashrc")):
            # A run of some ten milliseconds.
            self.check("sh", "bash_startup.sh", how, tolerance=0.4, same_conclusion=False)
            for backend in ("bpf", "ptrace"):
                opened = harness.query(self.home / f"{backend}.tarry", """SELECT s.path FROM syscall s
                    JOIN thread USING (utid) JOIN process p USING (upid) WHERE s.name = 'openat' AND p.comm = 'bash'
                    AND s.path LIKE '/tmp/bash_startup.%'""")
                self.assertEqual([row["path"].rpartition("/")[2] for row in opened], [read])


def without_numbers(text):
    return re.sub(r"\d+", "#", re.sub(r"(?<=mystery_3\.)\w+", "X", text or ""))


if __name__ == "__main__":
    harness.main()
