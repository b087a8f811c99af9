"""First oracle: tarry records strace, which traces a program. Both see the very same run, so per
thread the sequence of (call, result) has to be the same."""
import contextlib
import http.server
import threading
import unittest

import harness
import strace_text

CALLS = """
SELECT t.utid AS utid, t.tid AS tid, s.name AS name, s.ret AS ret, s.errno AS errno, s.dur AS dur
FROM syscall s JOIN thread t USING (utid) ORDER BY t.utid, s.call_seq
"""


class StraceTextTest(unittest.TestCase):
    def test_forms_of_lines(self):
        text = """\
10    execve("/bin/x", ["x", "a = 5)"], 0x7ffe /* 3 vars */) = 0
10    openat(AT_FDCWD, "a) = 7", O_RDONLY) = -1 ENOENT (No such file or directory)
10    umask(077)                        = 022
10    mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f1234560000
10    poll([{fd=3, events=POLLIN}], 1, 10) = 0 (Timeout)
10    fcntl(1, F_GETFL)                 = 0x8002 (flags O_RDWR|O_LARGEFILE)
10    read(0,  <unfinished ...>
11    pause()                           = ? ERESTARTNOHAND (To be restarted if no handler)
11    --- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=10, si_uid=0} ---
10    <... read resumed>"x = 1", 5)     = 5
11    futex(0x1, FUTEX_WAIT_PRIVATE, 0, NULL <unfinished ...>
10    exit_group(0)                     = ?
11    <... futex resumed>)              = ?
10    +++ exited with 0 +++
"""
        self.assertEqual(strace_text.parse(text.splitlines()), {
            10: [("execve", 0), ("openat", "ENOENT"), ("umask", 0o22), ("mmap", 0x7f1234560000),
                 ("poll", 0), ("fcntl", 0x8002), ("read", 5), ("exit_group", None)],
            11: [("pause", "ERESTARTNOHAND"), ("futex", None)]})


@contextlib.contextmanager
def page_server():
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"page" * 5000)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def seen_by_tarry(recorded):
    """{tid: [sequence of each thread that had this tid, …]}"""
    by_thread = {}
    for row in recorded.query(CALLS):
        result = None if row["dur"] is None else row["errno"] or row["ret"]
        by_thread.setdefault((row["tid"], row["utid"]), []).append((row["name"], result))
    by_tid = {}
    for (tid, _), sequence in sorted(by_thread.items()):
        by_tid.setdefault(tid, []).append(sequence)
    return by_tid


def from_traced_execve(sequence):
    """strace's own child calls a little before the execve that strace shows first."""
    for at, (name, result) in enumerate(sequence):
        if name == "execve" and result == 0:
            return sequence[at:]
    return sequence


def first_difference(wanted, seen):
    for at, (left, right) in enumerate(zip(wanted, seen)):
        # A killed thread's call returns inside the kernel, where ptrace does not see it any more.
        if left[1] is None and str(right[1]).startswith("ERESTART"):
            right = (right[0], None)
        if left != right:
            return f"call {at}: strace {left}, tarry {right}; before: {wanted[max(0, at - 2):at]}"
    if len(wanted) != len(seen):
        at = min(len(wanted), len(seen))
        return (f"strace has {len(wanted)} calls, tarry {len(seen)}; "
                f"next: {(wanted if len(wanted) > at else seen)[at]}")
    return None


class SameCallsTest(harness.LiveTest):
    def check(self, *command, minimum, threads=1, **how):
        text = self.directory / "s.txt"
        recorded = self.record("strace", "-f", "-o", text, *command, level="syscalls", **how)
        wanted = strace_text.parse(text.read_text(errors="surrogateescape").splitlines())
        self.assertGreaterEqual(len(wanted), threads)
        self.assertGreaterEqual(sum(map(len, wanted.values())), minimum)
        lost = recorded.query("SELECT coalesce(sum(count), 0) AS n FROM loss")[0]["n"]
        self.assertEqual(lost, 0, "events were lost: nothing to compare")

        seen = seen_by_tarry(recorded)
        first_tid = next(iter(wanted))
        wrong = []
        for tid, sequence in wanted.items():
            candidates = seen.get(tid, [])
            if tid == first_tid:
                candidates = [from_traced_execve(candidate) for candidate in candidates]
            if len(candidates) != 1:
                wrong.append(f"tid {tid}: {len(candidates)} threads of tarry")
                continue
            difference = first_difference(sequence, candidates[0])
            if difference:
                wrong.append(f"tid {tid}: {difference}")
        self.assertFalse(wrong, f"{len(wrong)} of {len(wanted)} threads differ:\n" +
                         "\n".join(wrong[:10]))

    def test_ls(self):
        self.check("ls", "-lR", "/usr/include/linux", minimum=1000)

    def test_bash_pipeline_with_subshells(self):
        self.check("bash", "-c", "(echo b; (echo a; echo $(echo c | tr c d))) | sort | (cat; wc -l) |"
                   " while read line; do echo got $line; done; wait", minimum=300, threads=8)

    def test_python_fetches_a_page(self):
        with page_server() as port:
            self.check("python3", "-c", "import urllib.request as u;"
                       f"print(len(u.urlopen('http://127.0.0.1:{port}/').read()))", minimum=500)

    def test_git(self):
        self.check("sh", "-c", "git init -q r && cd r && echo text > file && git add file &&"
                   " git -c user.name=n -c user.email=e@x commit -q -m m && git log --oneline",
                   minimum=500, threads=5, cwd=self.directory)

    def test_gcc(self):
        (self.directory / "a.c").write_text("#include <stdio.h>\nint main(void) { return puts(\"a\") < 0; }\n")
        self.check("gcc", "-O1", "a.c", "-o", "a", minimum=1000, threads=4, cwd=self.directory)

    def test_sqlite(self):
        self.check("sqlite3", "t.db", "CREATE TABLE t (x); INSERT INTO t VALUES (1); INSERT INTO t VALUES (2);"
                   " INSERT INTO t SELECT x + 2 FROM t; SELECT sum(x) FROM t;", minimum=200,
                   cwd=self.directory)

    def test_many_threads(self):
        self.check(harness.workload("many_threads"), minimum=4000, threads=401)

    def test_signals_and_interrupted_calls(self):
        self.check(harness.workload("wait_sleep"), minimum=100, threads=4)

    def test_locks_and_children(self):
        self.check(harness.workload("wait_child"), minimum=50, threads=6)


class RootTest(harness.LiveTest):
    """Another root: paths of calls and of what they opened agree."""

    def opened(self, recorded, like):
        return recorded.query(f"""SELECT s.path AS path, r.path AS resource, s.errno FROM syscall s
            LEFT JOIN resource r ON r.id = s.resource_id
            WHERE s.name IN ('open', 'openat') AND s.path LIKE '{like}' ORDER BY s.id""")

    def test_paths_after_chroot(self):
        root = self.directory.resolve() / "root"
        (root / "etc").mkdir(parents=True)
        (root / "etc" / "x").touch()
        script = ("import os, sys; os.chroot(sys.argv[1]); os.chdir('/etc'); open('/etc/x').close();"
                  " open('x').close(); os.rename('x', '/y'); os.path.exists('/etc/none')")
        recorded = self.record("/usr/bin/python3", "-c", script, root)
        path = f"{root}/etc/x"
        self.assertEqual(self.opened(recorded, f"{path}"),
                         [{"path": path, "resource": path, "errno": None}] * 2)
        self.assertEqual(recorded.query("""SELECT s.path AS old, o.path AS new FROM syscall s
            JOIN syscall_object o ON o.syscall_id = s.id AND o.role = 'new' WHERE s.name = 'rename'"""),
                         [{"old": path, "new": f"{root}/y"}])
        self.assertEqual(recorded.query("SELECT errno FROM syscall WHERE path LIKE '%/etc/none'"),
                         [{"errno": "ENOENT"}])
        self.assertEqual(recorded.query(f"""SELECT count(*) AS n FROM syscall WHERE path = '{root}'
            AND name = 'chroot'""")[0]["n"], 1)
        shown = harness.run_tarry("show", "-P", f"{root}/y", recorded.trace).stdout
        self.assertIn('rename("x", "/y") ', shown)

    def test_paths_in_a_mount_namespace_of_its_own(self):
        root = self.directory / "root"
        (root / "etc").mkdir(parents=True)
        (root / "old").mkdir()
        (root / "etc" / "tarry-x").write_text("line\n")
        # Only builtins of the shell once the root is another.
        script = (f"mount --bind {root} {root} && cd {root} && pivot_root . old && cd / && read line < /etc/tarry-x;"
                  " echo done $?")
        recorded = self.record("unshare", "-m", "/bin/sh", "-c", script)
        if recorded.stdout != "done 0\n":
            self.skip_loudly(f"no mount namespace: {recorded.stderr.strip()}")
        self.assertEqual(self.opened(recorded, "%tarry-x")[-1:],
                         [{"path": "/etc/tarry-x", "resource": "/etc/tarry-x", "errno": None}])


if __name__ == "__main__":
    harness.main()
