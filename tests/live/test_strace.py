"""The same-run oracle: tarry records strace, which traces a program. Both see the very same run, so for every
thread

- the sequence of (call, result) in the table `syscall` is strace's, without exception;
- every line of `tarry show` is strace's, except as DIFFERENCES says, with the reason; docs/show.md has the
  same list for users. Addresses are compared too, where tarry has them: it keeps none of pointers that
  only lead to what it prints, and shows "0x..." for one hexadecimal number.

The programs are those of everyday use, and workloads that make the odd calls. What strace's presence changes
or hides is in test_unseen.py.
"""
import contextlib
import http.server
import platform
import re
import threading
import unittest

import harness
import strace_text

SNAPLEN = 32

CALLS = """
SELECT t.utid AS utid, t.tid AS tid, s.name AS name, s.ret AS ret, s.errno AS errno, s.dur AS dur
FROM syscall s JOIN thread t USING (utid) ORDER BY t.utid, s.call_seq
"""

# The old gates of i386, each for many calls: strace names the call behind it and takes its arguments out of the
# memory that one of them points to; for tarry the call is the gate.
GATES = {
    "socketcall": ("socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername", "socketpair",
                   "send", "recv", "sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg",
                   "recvmsg", "accept4", "recvmmsg", "sendmmsg"),
    "ipc": ("semop", "semget", "semctl", "semtimedop", "msgsnd", "msgrcv", "msgget", "msgctl", "shmat", "shmdt",
            "shmget", "shmctl"),
}
# Of i386 too: the call has the same name, and one argument that leads to the others.
PACKED = re.compile(r"^(mmap|select)\(0x[0-9a-f]+\) = ")


def with_new_thread(line):
    return re.sub(r"(parent_tid=)\[0\](.* = (\d+))$", r"\1[\3]\2", line)


# (call, what strace's line is rewritten by, why the two differ)
DIFFERENCES = (
    ("ioctl", lambda line: re.sub(r"(, )[A-Z_0-9]+ or (T)", r"\1\2", line),
     "strace names every driver's request of that number, tarry the one of terminals"),
    ("msgrcv", lambda line: re.sub(r'(\\0)+"}', r'\\0"}', line),
     "strace prints the whole buffer, tarry the message that was received"),
    ("clone3", lambda line: re.sub(r"set_tid=\[[\d, ]*\]", "set_tid=0x1", line),
     "the wanted ids lie behind a pointer in the structure: tarry has the pointer"),
    *((call, with_new_thread,
       "where the new thread's end clears its id (CLONE_CHILD_CLEARTID), it may be over before strace looks; tarry"
       " looks as the call returns") for call in ("clone", "clone3")),
    ("io_uring_register", lambda line: re.sub(r"\[.*\], (\d+)\) = ", r"0x1, \1) = ", line),
     "what its argument points to depends on its command: tarry has the pointer"),
    ("io_uring_setup", lambda line: line.replace("|0x3e000,", "|IORING_FEAT_REG_REG_RING|0x3c000,"),
     "tarry knows the name of a newer feature"),
)

# A thread that is killed in a call: ptrace does not see the call return any more ("= ?"), the kernel does. strace
# has printed the arguments up to those that the result decides.
KILLED = re.compile(r" = (\?|0|\? ERESTART\w+ \(.*\))$")
KILLED_BEFORE_THE_END = re.compile(r"(, )? ?<unfinished \.\.\.>\) = \?$")


def same_line(wanted, seen):
    if wanted == seen:
        return True
    if KILLED_BEFORE_THE_END.search(wanted):
        return KILLED.search(seen) is not None and seen.startswith(KILLED_BEFORE_THE_END.sub("", wanted))
    if not strace_text.RESULT.match(wanted):  # killed by another thread's execve
        return KILLED.search(seen) is not None and seen.startswith(wanted)
    if wanted.endswith(" = ?"):
        return KILLED.sub("", wanted) == KILLED.sub("", seen)
    pattern = re.compile(re.escape(seen).replace(r"0x\.\.\.", "0x[0-9a-f]+"))
    if pattern.fullmatch(wanted):
        return True
    if is_gate(wanted, seen):
        return strace_text.name_and_result(wanted)[1] == strace_text.name_and_result(seen)[1]
    for call, rewrite, _ in DIFFERENCES:
        if seen.startswith(call + "(") and (pattern.fullmatch(rewrite(wanted)) or
                                            without_addresses(rewrite(wanted)) == without_addresses(seen)):
            return True
    return False


def without_addresses(line):
    return re.sub(r"(set_tid=|IORING_(?:UN)?REGISTER_\w+, )0x[0-9a-f]+", r"\g<1>0x1", line)


def is_gate(wanted, seen):
    name, gate = wanted.split("(")[0], seen.split("(")[0]
    return name in GATES.get(gate, ()) or name == gate and PACKED.match(seen) is not None


def same_call(wanted, seen):
    if wanted == seen:
        return True
    (name, result), (other, other_result) = wanted, seen
    if name in GATES.get(other, ()):
        name = other
    return (name, result) == (other, other_result)


def returns_when_killed(result):
    """What the kernel may have for a call that ptrace does not see return any more."""
    return result == 0 or str(result).startswith("ERESTART")


def first_difference(wanted, seen):
    for at, (left, right) in enumerate(zip(wanted, seen)):
        # By its end, or by another thread's execve, which comes back as this one's next call.
        ended = at + 1 == len(wanted) or wanted[at + 1] == ("execve", 0)
        killed = ended and left[0] == right[0] and left[1] is None
        if not same_call(left, right) and not (killed and returns_when_killed(right[1])):
            return f"call {at}: strace {left}, tarry {right}; before: {wanted[max(0, at - 2):at]}"
    if len(wanted) != len(seen):
        at = min(len(wanted), len(seen))
        return (f"strace has {len(wanted)} calls, tarry {len(seen)}; "
                f"next: {(wanted if len(wanted) > at else seen)[at]}")
    return None


def after_execve(sequence, is_execve):
    """strace's own child calls a little before the execve that strace shows first."""
    for at, each in enumerate(sequence):
        if is_execve(each):
            return sequence[at:]
    return sequence


def sequences_of(recorded):
    """{tid: [sequence of (name, result) of each thread that had this tid, …]}"""
    by_thread = {}
    for row in recorded.query(CALLS):
        result = None if row["dur"] is None else row["errno"] or row["ret"]
        by_thread.setdefault((row["utid"], row["tid"]), []).append((row["name"], result))
    by_tid = {}
    for (_, tid), sequence in sorted(by_thread.items()):
        by_tid.setdefault(tid, []).append(sequence)
    return by_tid


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


class OracleTest(unittest.TestCase):
    """That the comparison reads strace rightly, and lets nothing else pass."""

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
11    restart_syscall(<... resuming interrupted poll ...> <unfinished ...>
10    exit_group(0)                     = ?
11    <... restart_syscall resumed>)    = ? ERESTART_RESTARTBLOCK (Interrupted by signal)
11    futex(0x1, FUTEX_WAIT_PRIVATE, 0, NULL <unfinished ...>
11    <... futex resumed>)              = ?
10    +++ exited with 0 +++
10    getpid()                          = 10
"""
        found = strace_text.threads(text)
        self.assertEqual([(thread.tid, len(thread.lines)) for thread in found], [(10, 8), (11, 3), (10, 1)])
        self.assertEqual([strace_text.name_and_result(line) for line in found[0].lines],
                         [("execve", 0), ("openat", "ENOENT"), ("umask", 0o22), ("mmap", 0x7f1234560000),
                          ("poll", 0), ("fcntl", 0x8002), ("read", 5), ("exit_group", None)])
        self.assertEqual([strace_text.name_and_result(line) for line in found[1].lines],
                         [("pause", "ERESTARTNOHAND"), ("restart_syscall", "ERESTART_RESTARTBLOCK"),
                          ("futex", None)])
        self.assertEqual(found[0].lines[6], 'read(0, "x = 1", 5) = 5')
        self.assertEqual(found[1].lines[2], "futex(0x1, FUTEX_WAIT_PRIVATE, 0, NULL) = ?")

    def test_an_execve_of_another_thread_returns_as_the_leader(self):
        found = strace_text.threads("""\
10    futex(0x1, FUTEX_WAIT, 1, NULL <unfinished ...>
11    execve("/bin/x", ["x"], 0x7ffe /* 3 vars */ <unfinished ...>
10    +++ superseded by execve in pid 11 +++
10    <... execve resumed>)             = 0
10    brk(NULL)                         = 0x1000
""")
        self.assertEqual([thread.lines for thread in found],
                         [["futex(0x1, FUTEX_WAIT, 1, NULL",
                           'execve("/bin/x", ["x"], 0x7ffe /* 3 vars */) = 0', "brk(NULL) = 0x1000"]])

    def test_only_what_is_listed_may_differ(self):
        for wanted, seen in (
                ("read(3, 0x7ffe12, 10) = -1 EAGAIN (x)", "read(3, 0x..., 10) = -1 EAGAIN (x)"),
                ("pause() = ?", "pause() = ? ERESTARTNOHAND (To be restarted if no handler)"),
                ("read(3,  <unfinished ...>) = ?", "read(3, 0x..., 1) = ? ERESTARTSYS (To be …)"),
                ("ioctl(1, SNDCTL_TMR_STOP or TCSETSW, NULL) = 0", "ioctl(1, TCSETSW, NULL) = 0"),
                ("clone3({flags=0, set_tid=[5, 6], set_tid_size=2}, 88) = 5",
                 "clone3({flags=0, set_tid=0x7ff123, set_tid_size=2}, 88) = 5"),
                ("clone3({flags=0} => {parent_tid=[0]}, 88) = 5", "clone3({flags=0} => {parent_tid=[5]}, 88) = 5"),
                ("clone(flags=0, parent_tid=[0], tls=0x7f) = 5", "clone(flags=0, parent_tid=[5], tls=0x7f) = 5"),
                ("socket(AF_UNIX, SOCK_STREAM, 0) = 16", "socketcall(SYS_SOCKET, 0xfff40e58) = 16"),
                ("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0) = 0xf7efc000", "mmap(0xfff40e58) = 0xf7efc000"),
        ):
            self.assertTrue(same_line(wanted, seen), wanted)
        for wanted, seen in (
                ("read(3, 0x7ffe12, 10) = 0", "read(3, 0x7ffe13, 10) = 0"),
                ("pause() = ?", "pause() = -1 EINTR (Interrupted system call)"),
                ("read(3,  <unfinished ...>) = ?", "read(4, 0x..., 1) = ? ERESTARTSYS (To be …)"),
                ("read(3,  <unfinished ...>) = ?", 'read(3, "x", 1) = 1'),
                ('read(3, "ab", 10) = 2', 'read(3, ""..., 10) = 2'),
                ("ioctl(1, TCGETS, {...}) = 0", "ioctl(1, TCSETS, {...}) = 0"),
                ("clone3({flags=0, set_tid=[5], set_tid_size=1}, 88) = 5",
                 "clone3({flags=0, set_tid=0x7ff123, set_tid_size=2}, 88) = 5"),
                ("clone3({flags=0} => {parent_tid=[0]}, 88) = 5", "clone3({flags=0} => {parent_tid=[6]}, 88) = 5"),
                ("clone3({flags=0} => {parent_tid=[4]}, 88) = 5", "clone3({flags=0} => {parent_tid=[5]}, 88) = 5"),
                ("socket(AF_UNIX, SOCK_STREAM, 0) = 16", "socketcall(SYS_SOCKET, 0xfff40e58) = 17"),
                ("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0) = 0xf7efc000", "munmap(0xfff40e58) = 0xf7efc000"),
        ):
            self.assertFalse(same_line(wanted, seen), wanted)
        killed = ("futex", None), ("futex", "ERESTARTSYS")
        self.assertIsNone(first_difference([killed[0]], [killed[1]]))
        self.assertIsNotNone(first_difference([killed[0], ("read", 1)], [killed[1], ("read", 1)]))
        self.assertIsNotNone(first_difference([killed[0]], [("futex", 1)]))
        self.assertFalse(same_call(("futex", "EINTR"), ("futex", "ERESTARTSYS")))
        self.assertFalse(same_call(("read", 3), ("pread64", 3)))


class SameRunTest(harness.LiveTest):
    def check(self, *command, minimum, threads=1, **how):
        text = self.directory / "s.txt"
        recorded = self.record("strace", "-f", "-s", SNAPLEN, "-o", text, *command, level="syscalls",
                               options=("--snaplen", str(SNAPLEN)), **how)
        lost = recorded.query("SELECT coalesce(sum(count), 0) AS n FROM loss")[0]["n"]
        self.assertEqual(lost, 0, "events were lost: nothing to compare")
        wanted = strace_text.threads(text.read_text(errors="surrogateescape"))
        self.assertGreaterEqual(len(wanted), threads)
        self.assertGreaterEqual(sum(len(thread.lines) for thread in wanted), minimum)
        self.compare_results(recorded, wanted)
        self.compare_lines(recorded, wanted)
        return recorded

    def compare_results(self, recorded, wanted):
        seen, wrong = sequences_of(recorded), []
        for thread in wanted:
            candidates = seen.get(thread.tid, [])
            if not candidates:
                wrong.append(f"tid {thread.tid}: unknown to tarry")
                continue
            sequence = candidates.pop(0)
            if thread is wanted[0]:
                sequence = after_execve(sequence, lambda call: call == ("execve", 0))
            difference = first_difference([strace_text.name_and_result(line) for line in thread.lines], sequence)
            if difference:
                wrong.append(f"tid {thread.tid}: {difference}")
        for thread in wanted:
            if seen.get(thread.tid):
                wrong.append(f"tid {thread.tid}: tarry knows more threads of this id")
        self.assertFalse(wrong, f"{len(wrong)} of {len(wanted)} threads differ:\n" + "\n".join(wrong[:10]))

    def compare_lines(self, recorded, wanted):
        shown = harness.run_tarry("show", "--no-annotate", "--pids", "always", "-s", SNAPLEN, recorded.trace)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        seen = {}
        for thread in strace_text.threads(shown.stdout):
            seen.setdefault(thread.tid, []).append(thread.lines)
        wrong, compared = [], 0
        for thread in wanted:
            lines = seen[thread.tid].pop(0)
            if thread is wanted[0]:
                lines = after_execve(lines, lambda line: re.match(r"execve\(.* = 0$", line))
            compared += len(lines)
            wrong += [f"{thread.tid} strace: {left}\n{thread.tid} tarry:  {right}"
                      for left, right in zip(thread.lines, lines) if not same_line(left, right)]
        self.assertFalse(wrong, f"{len(wrong)} of {compared} lines differ:\n" + "\n".join(wrong[:20]))

    # ---- programs of everyday use ----

    def test_ls(self):
        tree = self.directory / "tree"
        for name in ("a", "b/c", "b/d"):
            (tree / name).mkdir(parents=True)
            (tree / name / "file with a rather long name that is cut").write_text("x")
        (tree / "link").symlink_to("a")
        self.check("ls", "-lR", tree, "/usr/include/linux", minimum=1000)

    def test_bash_pipeline_with_subshells(self):
        self.check("bash", "-c", "(echo b; (echo a; echo $(echo c | tr c d))) | sort | (cat; wc -l) |"
                   " while read line; do echo got $line; done; wait", minimum=300, threads=8)

    def test_python_fetches_a_page(self):
        with page_server() as port:
            self.check("python3", "-c", "import urllib.request as u;"
                       f"print(len(u.urlopen('http://127.0.0.1:{port}/').read()))", minimum=500)

    def test_python_children_and_sockets(self):
        self.check("python3", "-c", "import json, socket, subprocess\n"
                   "print(json.dumps(subprocess.run(['echo', 'x'], capture_output=True, text=True).stdout))\n"
                   "a, b = socket.socketpair(); a.sendall(b'text'); print(b.recv(10))", minimum=500)

    def test_refused_connection(self):
        self.check("python3", "-c", "import socket, select\n"
                   "s = socket.socket(); s.setblocking(False); s.connect_ex(('127.0.0.1', 1))\n"
                   "p = select.poll(); p.register(s, 0x105); p.poll(); s.getsockopt(1, 4)", minimum=300)

    def test_git(self):
        self.check("sh", "-c", "git init -q r && cd r && echo text > file && git add file &&"
                   " git -c user.name=n -c user.email=e@x commit -q -m m && git log --oneline",
                   minimum=500, threads=5, cwd=self.directory)

    def test_gcc_compiles_and_links(self):
        (self.directory / "a.c").write_text("#include <stdio.h>\nint main(void) { return puts(\"a\") < 0; }\n")
        self.check("gcc", "-O1", "a.c", "-o", "a", minimum=1000, threads=4, cwd=self.directory)

    def test_sqlite_inserts_in_transactions(self):
        self.check("sqlite3", "t.db", "CREATE TABLE t (x); BEGIN; INSERT INTO t VALUES (1);"
                   " INSERT INTO t VALUES (2); COMMIT; BEGIN; INSERT INTO t VALUES (3); ROLLBACK;"
                   " PRAGMA journal_mode = WAL; INSERT INTO t SELECT x + 2 FROM t; SELECT sum(x) FROM t;",
                   minimum=300, cwd=self.directory)

    def test_find_xargs_grep(self):
        self.check("sh", "-c", "find /usr/include/linux/netfilter -name '*.h' | xargs -n 20 grep -l struct | sort",
                   minimum=500, threads=5)

    def test_tar_and_gzip(self):
        self.check("sh", "-c", "cp -r /usr/include/linux/netfilter t && tar czf t.tgz t && gzip -l t.tgz &&"
                   " mkdir u && tar xzf t.tgz -C u && tar cf - t | gzip -9 | wc -c", minimum=1500, threads=8,
                   cwd=self.directory)

    # ---- workloads ----

    def test_many_threads(self):
        self.check(harness.workload("many_threads"), minimum=4000, threads=401)

    def test_children_of_every_kind(self):
        self.check(harness.workload("spawns"), minimum=3000, threads=61)

    def test_reused_ids(self):
        # One of its processes gets the id of one that has ended.
        self.check(harness.workload("odd_lives"), minimum=100, threads=10)

    def test_execve_of_another_thread(self):
        # strace writes the call's first half under the thread that makes it, the other half under the leader.
        self.check(harness.workload("exec_thread"), minimum=50, threads=2, check=False)

    def test_static_binary(self):
        self.check(harness.workload("static_hello"), minimum=8)

    def test_sleeps_and_timers(self):
        self.check(harness.workload("wait_sleep"), minimum=100, threads=4)

    def test_locks_and_children(self):
        self.check(harness.workload("wait_child"), minimum=50, threads=6)

    def test_interrupted_and_restarted_calls(self):
        recorded = self.check(harness.workload("restarts"), minimum=200, threads=15)
        # strace's own stops interrupt, too; what has to have been there is of both.
        errors = {row["errno"] for row in recorded.query("SELECT DISTINCT errno FROM syscall")}
        self.assertLessEqual({"ERESTARTSYS", "ERESTARTNOHAND", "ERESTART_RESTARTBLOCK", "EINTR"}, errors)

    def test_calls_with_structures(self):
        self.check(harness.workload("rich_calls"), minimum=200, cwd=self.directory)

    def test_sockets_and_polling(self):
        self.check(harness.workload("rich_sockets"), minimum=100, cwd=self.directory)

    def test_io_uring(self):
        self.check(harness.workload("raw_uring"), minimum=40)

    def test_odd_calls(self):
        self.check(harness.workload("odd_calls"), self.directory, minimum=100, threads=4)

    def test_calls_by_the_32_bit_gate(self):
        if platform.machine() != "x86_64":
            self.skip_loudly("only x86-64 has a 32-bit gate")
        self.check(harness.workload("rich_int80"), minimum=30, cwd=self.directory)

    def test_32_bit_binary(self):
        if platform.machine() != "x86_64":
            self.skip_loudly("only x86-64 runs 32-bit programs")
        recorded = self.check(harness.workload("calls_32"), minimum=150, threads=4, cwd=self.directory, check=False)
        self.assertEqual(recorded.returncode, 5)
        abis = recorded.query("SELECT abi, count(*) AS n FROM syscall GROUP BY 1 ORDER BY 2 DESC LIMIT 2")
        self.assertEqual({row["abi"] for row in abis}, {"x86-64", "i386"})


if __name__ == "__main__":
    harness.main()
