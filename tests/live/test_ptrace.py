"""The ptrace backend: what it traces behaves as if it were not traced, recorded by a user without rights. The
awkward cases are those that strace's manual and its tests name. What it records is compared in
test_both_backends.py, test_another_run.py, and by the oracles that run with `--backend ptrace`.
"""
import os
import pty
import shutil
import signal
import subprocess
import textwrap
import time

import harness
import other_user

PYTHON = "/usr/bin/python3"


class PtraceTest(harness.LiveTest):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skip_loudly("needs root, to become another user")
        user = other_user.the_user()
        self.home = other_user.make_home(harness.TARRY, user)
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.tarry = self.home / "tarry"
        self.as_user = other_user.as_user(user, self.home)

    def program(self, text, name="program.py"):
        path = self.home / name
        path.write_text(textwrap.dedent(text))
        path.chmod(0o755)
        return path

    def run_as_user(self, *command, timeout=harness.TIMEOUT_S, **how):
        how.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout,
                              errors="surrogateescape", **{**self.as_user, **how})

    def traced(self, *command, options=(), **how):
        """(what the command did, its trace), recorded by ptrace by a user without rights."""
        trace = self.home / f"t{len(list(self.home.glob('*.tarry')))}.tarry"
        done = self.run_as_user(self.tarry, "record", "-q", "--backend", "ptrace", "-o", trace, *options, "--", *command,
                                **how)
        return done, trace

    def check_behaves_the_same(self, *command, options=(), **how):
        """Prints and ends as it does untraced; the trace."""
        plain = self.run_as_user(*command, **how)
        done, trace = self.traced(*command, options=options, **how)
        status = plain.returncode if plain.returncode >= 0 else 128 - plain.returncode
        self.assertEqual((done.returncode, done.stdout, done.stderr), (status, plain.stdout, plain.stderr))
        return trace


class BehaviourTest(PtraceTest):
    def test_exit_statuses(self):
        for status in (0, 1, 77, 255):
            self.check_behaves_the_same("sh", "-c", f"exit {status}")
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGHUP):
            self.check_behaves_the_same("sh", "-c", f"kill -{int(number)} $$")

    def test_signals_reach_their_handlers(self):
        trace = self.check_behaves_the_same(PYTHON, self.program("""
            import ctypes, faulthandler, os, select, signal, time
            faulthandler.disable()
            seen = []
            def note(number, frame):
                seen.append(number)
            for number in (signal.SIGUSR1, signal.SIGALRM, signal.SIGCHLD, signal.SIGWINCH, signal.SIGRTMIN):
                signal.signal(number, note)
            os.kill(os.getpid(), signal.SIGUSR1)
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            time.sleep(0.2)                       # is taken up again
            read, write = os.pipe()
            if os.fork() == 0:
                time.sleep(0.05)
                os._exit(3)
            select.select([read], [], [], 0.3)    # SIGCHLD in between
            print(os.waitstatus_to_exitcode(os.wait()[1]))
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGRTMIN)
            print([signal.sigwait([signal.SIGRTMIN]) for _ in range(3)])
            signal.signal(signal.SIGTRAP, note)
            libc = ctypes.CDLL(None)
            libc.raise_ = getattr(libc, "raise")
            libc.raise_(signal.SIGTRAP)
            print(seen)
        """))
        signals = {row["name"] for row in harness.query(trace, "SELECT name FROM signal")}
        self.assertLessEqual({"SIGUSR1", "SIGALRM", "SIGCHLD", "SIGTRAP"}, signals)

    def test_stop_and_continue_are_seen_by_the_parent(self):
        self.check_behaves_the_same(PYTHON, self.program("""
            import os, signal, time
            child = os.fork()
            if child == 0:
                while True:
                    time.sleep(0.01)
            time.sleep(0.1)
            os.kill(child, signal.SIGSTOP)
            print(os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1]))
            time.sleep(0.1)
            os.kill(child, signal.SIGCONT)
            print(os.WIFCONTINUED(os.waitpid(child, os.WCONTINUED)[1]))
            os.kill(child, signal.SIGTERM)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """))

    def test_threads_that_begin_and_end_at_once(self):
        trace = self.check_behaves_the_same(PYTHON, self.program("""
            import threading
            for _ in range(5):
                threads = [threading.Thread(target=lambda: None) for _ in range(64)]
                [thread.start() for thread in threads]
                [thread.join() for thread in threads]
            print("all", threading.active_count())
        """))
        self.assertEqual(harness.query(trace, "SELECT count(*) AS n FROM thread WHERE end_ts IS NOT NULL")[0]["n"], 321)

    def test_vfork_spawn_and_many_children(self):
        trace = self.check_behaves_the_same(PYTHON, self.program("""
            import os, subprocess
            print(subprocess.run(["sh", "-c", "exit 4"]).returncode, os.system("exit 5") >> 8)
            print(os.waitstatus_to_exitcode(os.waitpid(os.posix_spawn("/bin/false", ["false"], {}), 0)[1]))
            children = []
            for i in range(200):
                child = os.fork()
                if child == 0:
                    os._exit(i % 256)
                children.append(child)
            print(sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
        """))
        codes = [row["exit_code"] for row in harness.query(trace, "SELECT exit_code FROM process")]
        self.assertEqual(sum(codes), sum(range(200)) + 4 + 5 + 1)

    def test_daemons_and_sessions(self):
        self.check_behaves_the_same(PYTHON, self.program("""
            import os, time
            read, write = os.pipe()
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(0.1)
                    os.write(write, b"daemon %d" % (os.getppid() in (1, os.getsid(0)) or os.getppid() > 1))
                    os._exit(0)
                os._exit(0)
            os.wait()
            os.close(write)
            print(os.read(read, 100))
        """))

    def test_setuid_programs_run_as_under_strace(self):
        program = self.home / "id"
        shutil.copy2("/usr/bin/id", program)
        os.chown(program, 0, 0)
        program.chmod(0o4755)
        self.assertIn("euid=0", self.run_as_user(program).stdout)
        strace = self.run_as_user("strace", "-f", "-o", "/dev/null", program)
        self.assertEqual(self.traced(program)[0].stdout, strace.stdout)

    def test_tracing_inside_is_refused(self):
        done, _ = self.traced("strace", "-o", "/dev/null", "true")
        strace = self.run_as_user("strace", "-f", "-o", "/dev/null", "strace", "-o", "/dev/null", "true")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Operation not permitted", done.stderr)
        self.assertEqual(done.returncode, strace.returncode)

    def test_programs_that_filter_their_own_calls(self):
        done, trace = self.traced(harness.workload("unseen"), "seccomp", "errno")
        plain = self.run_as_user(harness.workload("unseen"), "seccomp", "errno")
        self.assertEqual(done.returncode, plain.returncode)

    def test_affinity_is_its_own(self):
        self.check_behaves_the_same(PYTHON, self.program("""
            import os, subprocess
            for _ in range(200):
                os.getppid()
                assert os.sched_getaffinity(0) == set(range(os.cpu_count())), os.sched_getaffinity(0)
            print(subprocess.run(["nproc"], capture_output=True).stdout)
            os.sched_setaffinity(0, {0})
            for _ in range(50):
                os.getppid()
            print(os.sched_getaffinity(0))
        """))

    def test_no_tracee_starves_another(self):
        done, _ = self.traced(PYTHON, self.program("""
            import os, time
            read, write = os.pipe()
            end = time.monotonic() + 2
            for name in (b"a", b"b", b"c"):
                if os.fork() == 0:
                    count = 0
                    while time.monotonic() < end:
                        os.getppid()
                        count += 1
                    os.write(write, b"%d\\n" % count)
                    os._exit(0)
            for _ in range(3):
                os.wait()
            print(os.read(read, 1000).decode(), end="")
        """))
        counts = sorted(map(int, done.stdout.split()))
        self.assertEqual(len(counts), 3)
        self.assertGreater(counts[0], counts[-1] / 10, counts)

    def test_keys_of_the_terminal(self):
        """Ctrl-C ends the command, Ctrl-Z stops it and fg continues it, as without tarry."""
        for recorder in ([], [str(self.tarry), "record", "-q", "--backend", "ptrace", "-o", "k.tarry", "--"]):
            with self.subTest(traced=bool(recorder)):
                self.check_keys(recorder)

    def check_keys(self, recorder):
        pid, terminal = pty.fork()
        if pid == 0:
            os.setgroups([])
            os.setgid(self.as_user["group"])
            os.setuid(self.as_user["user"])
            os.chdir(self.home)
            os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "-i"], {**self.as_user["env"], "PS1": "ready> "})
        self.addCleanup(os.close, terminal)
        self.addCleanup(lambda: os.waitpid(pid, 0))
        self.addCleanup(lambda: os.kill(pid, signal.SIGKILL))
        text = b""

        def expect(words):
            nonlocal text
            end = time.monotonic() + 15
            while words not in text:
                self.assertLess(time.monotonic(), end, f"{words} not in {text}")
                if select_readable(terminal):
                    text += os.read(terminal, 4096)
            text = text[text.index(words) + len(words):]

        def type_(keys):
            os.write(terminal, keys)

        command = " ".join([*recorder, "sh", "-c", "'echo beg''un; while :; do sleep 0.1; done'"])
        expect(b"ready> ")
        type_(command.encode() + b"\n")
        expect(b"begun\r\n")
        time.sleep(0.3)
        type_(b"\x1a")
        expect(b"Stopped")
        expect(b"ready> ")
        type_(b"fg\n")
        expect(b"sh -c")
        time.sleep(0.3)
        type_(b"\x03")
        expect(b"ready> ")
        type_(b"echo status $?\n")
        expect(b"status 130")


def select_readable(fd):
    import select
    return select.select([fd], [], [], 0.2)[0]


class EndTest(PtraceTest):
    """The recording ends before the program does."""
    LOOP = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do cat /etc/hostname > /dev/null || echo BAD; sleep 0.1; done; echo done"

    def start_traced(self, *arguments):
        """A recorder that has written something of the command already."""
        process = self.start(self.tarry, "record", "-q", "--backend", "ptrace", "-o", "killed.tarry", *arguments,
                             stderr=subprocess.PIPE, **self.as_user)
        trace = self.home / "killed.tarry"
        harness.wait_until(lambda: trace.exists() and trace.stat().st_size > 0, what="the recorder")
        time.sleep(0.9)
        return process

    def test_killed_recorder(self):
        for options in ((), ("-e", "openat"), ("--level", "waits")):
            with self.subTest(options=options):
                process = self.start_traced(*options, "--", "sh", "-c", self.LOOP + " > ended")
                process.kill()
                process.wait()
                ended = self.home / "ended"
                harness.wait_until(lambda: ended.exists() and ended.read_text(), what="the command")
                self.assertEqual(ended.read_text(), "done\n")
                self.assertGreater(len(harness.query(self.home / "killed.tarry", "SELECT * FROM process")), 0)
                ended.unlink()
                harness.wait_until(lambda: not tracers_of(self.as_user["user"]), what="the tracer to go")

    def test_time_is_over(self):
        for options in ((), ("-e", "openat")):
            with self.subTest(options=options):
                done, trace = self.traced("sh", "-c", self.LOOP, options=["--for", "500ms", *options])
                self.assertEqual((done.returncode, done.stdout), (0, "done\n"))

    def test_attached_and_left_alone(self):
        """Threads in every kind of wait notice neither the beginning nor the end."""
        program = self.program("""
            import os, select, sys, threading, time
            def wait(name, function):
                begin = time.monotonic()
                result = function()
                print(name, result, round(time.monotonic() - begin), flush=True)
            pipes = [os.pipe() for _ in range(3)]
            epoll = select.epoll()
            epoll.register(pipes[0][0], select.EPOLLIN)
            poll = select.poll()
            poll.register(pipes[1][0], select.POLLIN)
            lock = threading.Lock()
            lock.acquire()
            threads = [threading.Thread(target=wait, args=pair) for pair in (
                ("epoll", lambda: len(epoll.poll())), ("poll", lambda: len(poll.poll())),
                ("read", lambda: os.read(pipes[2][0], 1)), ("sleep", lambda: time.sleep(4)),
                ("lock", lambda: lock.acquire()))]
            [thread.start() for thread in threads]
            print("ready", flush=True)
            time.sleep(4)
            lock.release()
            for _, write in pipes:
                os.write(write, b"x")
            [thread.join() for thread in threads]
        """)
        process = self.start(PYTHON, program, **self.as_user)
        self.assertEqual(process.stdout.readline(), "ready\n")
        done = self.run_as_user(self.tarry, "record", "--backend", "ptrace", "--level", "syscalls", "--for", "1s", "-o",
                                "attached.tarry", "-p", process.pid)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(process.communicate(timeout=20)[0].splitlines()),
                         ["epoll 1 4", "lock True 4", "poll 1 4", "read b'x' 4", "sleep None 4"])
        waits = harness.query(self.home / "attached.tarry",
                              "SELECT call_name, wait_kind FROM thread_state WHERE dur IS NULL ORDER BY 1")
        self.assertEqual([row["call_name"] for row in waits],
                         ["clock_nanosleep", "clock_nanosleep", "epoll_wait", "futex", "poll", "read"])

    def test_main_thread_has_ended(self):
        process = self.start(PYTHON, self.program("""
            import ctypes, os, threading, time
            def outlive():
                print(threading.get_native_id(), flush=True)
                for _ in range(30):
                    time.sleep(0.1)
                    os.getppid()
                os._exit(7)
            threading.Thread(target=outlive).start()
            ctypes.CDLL(None).pthread_exit(None)
        """), **self.as_user)
        tid = int(process.stdout.readline())
        time.sleep(0.3)
        done = self.run_as_user(self.tarry, "record", "--backend", "ptrace", "--level", "syscalls", "-o", "headless.tarry",
                                "-p", process.pid)
        self.assertEqual((done.returncode, process.wait(5)), (0, 7), done.stderr)
        trace = self.home / "headless.tarry"
        calls = harness.query(trace, """SELECT t.tid AS tid, count(*) AS n FROM syscall s JOIN thread t USING (utid)
            WHERE s.name = 'getppid' GROUP BY 1""")
        self.assertEqual([row["tid"] for row in calls], [tid])
        self.assertGreater(calls[0]["n"], 10)
        self.assertEqual(harness.query(trace, "SELECT pid, exit_code FROM process WHERE recorded"),
                         [{"pid": process.pid, "exit_code": 7}])

    def test_killed_tracer(self):
        """Without a filter the program does not notice, and the recorder says so and keeps what it has."""
        process = self.start_traced("--", "sh", "-c", self.LOOP + " > ended")
        [tracer] = subprocess.run(["pgrep", "-P", str(process.pid), "tarry-tracer"], capture_output=True,
                                  text=True).stdout.split()
        os.kill(int(tracer), signal.SIGKILL)
        error = process.stderr.read()
        self.assertEqual(process.wait(), 125)
        self.assertRegex(error, "^tarry: .*the tracing process was killed.*kept\n$")
        self.assertEqual((self.home / "ended").read_text(), "done\n")
        self.assertGreater(len(harness.query(self.home / "killed.tarry", "SELECT * FROM process")), 3)

    def test_not_its_own_processes(self):
        process = self.start("sleep", "30")
        done = self.run_as_user(self.tarry, "record", "--backend", "ptrace", "-p", process.pid)
        self.assert_one_clear_line(done, str(process.pid), "not allowed", status=125)

    def test_already_traced(self):
        tracer = self.start("strace", "-o", "/dev/null", "sleep", "30", **self.as_user)
        child = harness.wait_until(lambda: subprocess.run(["pgrep", "-P", str(tracer.pid)], capture_output=True,
                                                          text=True).stdout.split(), what="strace")
        time.sleep(0.3)
        done = self.run_as_user(self.tarry, "record", "--backend", "ptrace", "-p", child[0])
        self.assert_one_clear_line(done, "traces it already", str(tracer.pid), status=125)

    def test_whole_machine_needs_rights(self):
        done = self.run_as_user(self.tarry, "record", "--backend", "ptrace", "-a")
        self.assert_one_clear_line(done, "ptrace follows processes only", status=125)


def tracers_of(uid):
    done = subprocess.run(["pgrep", "-u", str(uid), "tarry-tracer"], capture_output=True, text=True)
    return done.stdout.split()


class FilterTest(PtraceTest):
    def test_only_the_calls_asked_for(self):
        trace = self.check_behaves_the_same("sh", "-c", "ls / | wc -l; cat /etc/hostname", options=["-e", "%file"])
        names = {row["name"] for row in harness.query(trace, "SELECT DISTINCT name FROM syscall")}
        self.assertLessEqual({"execve", "openat"}, names)
        self.assertFalse(names & {"read", "write", "mmap", "brk", "close"}, names)
        self.assertEqual(harness.query(trace, "SELECT value FROM stats WHERE name = 'syscalls_lost'")[0]["value"], 0)

    def test_level_waits_has_the_waits(self):
        trace = self.check_behaves_the_same("sh", "-c", "sleep 0.3; echo x | cat", options=["--level", "waits"])
        slept = harness.query(trace, "SELECT sum(dur) AS ns FROM thread_state WHERE wait_kind = 'sleep'")[0]["ns"]
        self.assertAlmostEqual(slept, 300 * harness.MS, delta=20 * harness.MS)
        self.assertEqual(harness.query(trace, "SELECT count(*) AS n FROM syscall")[0]["n"], 0)


class WaitTest(PtraceTest):
    def test_waits_that_begin_with_a_lost_cpu(self):
        """A thread that loses its CPU on the way to sleep gives it up all the same: one of a hundred waits for a child
        where more want to run than can."""
        for _ in range(2 * len(os.sched_getaffinity(0))):
            self.start("sh", "-c", "while :; do :; done")
        children = 300
        program = self.program(f"""\
            #!{PYTHON}
            import os, time
            for _ in range({children}):
                child = os.fork()
                if child == 0:
                    time.sleep(0.01)
                    os._exit(0)
                os.waitpid(child, 0)
            """)
        done, trace = self.traced(program)
        self.assertEqual(done.returncode, 0, done.stderr)
        # The child may have slept already when its parent gets to wait for it.
        short = harness.query(trace, """SELECT c.id, c.dur, (SELECT sum(s.dur) FROM thread_state s WHERE s.syscall_id = c.id
            AND s.wait_kind = 'child') AS waited FROM syscall c WHERE c.name = 'wait4' AND c.dur > 8e6
            AND coalesce(waited, 0) < 4e6""")
        self.assertEqual(short, [])
        self.assertGreater(harness.query(trace, "SELECT count(*) AS n FROM thread_state WHERE wait_kind = 'child'")[0]["n"],
                           children * 3 // 4)

    def test_continued_where_others_want_the_cpu(self):
        """Then it waits for one after the stop, not before."""
        for _ in range(2 * len(os.sched_getaffinity(0))):
            self.start("sh", "-c", "while :; do :; done")
        program = self.program(f"""\
            #!{PYTHON}
            import os, signal, time
            for _ in range(5):
                child = os.fork()
                if child == 0:
                    os.kill(os.getpid(), signal.SIGSTOP)
                    os._exit(0)
                os.waitpid(child, os.WUNTRACED)
                time.sleep(0.1)
                os.kill(child, signal.SIGCONT)
                os.waitpid(child, 0)
            """)
        done, trace = self.traced(program)
        self.assertEqual(done.returncode, 0, done.stderr)
        stopped = harness.query(trace, "SELECT dur FROM thread_state WHERE wait_kind = 'stopped' AND dur > 90e6")
        self.assertEqual(len(stopped), 5)


class AutomaticTest(PtraceTest):
    def test_says_what_it_takes(self):
        done = self.run_as_user(self.tarry, "run", "-o", "auto.tarry", "--", "sleep", "0.2")
        self.assertEqual(done.returncode, 0, done.stderr)
        notes = [line for line in done.stderr.splitlines() if line.startswith("tarry: ")]
        self.assertEqual(len(notes), 1, done.stderr)
        self.assertRegex(notes[0], r"ptrace, not eBPF \(no CAP_BPF, CAP_PERFMON\)")
        self.assertRegex(done.stderr, r"sleep +20\d ms +\d+% +clock_nanosleep")

    def test_wakers_are_known_of_pipes_and_children_only(self):
        _, trace = self.traced("sh", "-c", "(sleep 0.1; echo x) | cat; sleep 0.15 & wait; x=$(sleep 0.2; true); "
                               "python3 -c 'import threading as t; e = t.Event(); t.Timer(0.1, e.set).start(); e.wait()'")
        known = harness.query(trace, """SELECT wait_kind AS kind, s.call_name AS call, waker_call, waker_context,
            p.cmdline AS waker FROM thread_state s JOIN thread t ON t.utid = waker_utid JOIN process p USING (upid)
            WHERE dur > 50000000""")
        self.assertEqual(sorted((row["kind"], row["call"], row["waker_call"], row["waker"].split(" -c")[0])
                                for row in known), [
            ("child", "wait4", "exit_group", "python3"),
            ("child", "wait4", "exit_group", "sh"),
            ("child", "wait4", "exit_group", "sleep 0.1"),
            ("child", "wait4", "exit_group", "sleep 0.2"),
            ("ipc", "read", "exit_group", "sh"),
            ("ipc", "read", "write", "sh"),
            ("signal", "rt_sigsuspend", "exit_group", "sleep 0.15")])
        self.assertEqual({row["waker_context"] for row in known}, {"thread"})
        self.assertEqual(harness.query(trace, "SELECT count(cpu) AS n FROM thread_state")[0]["n"], 0)
        locks = harness.query(trace, """SELECT count(*) AS n, count(waker_utid) AS known FROM thread_state
            WHERE wait_kind = 'lock' AND dur > 50000000""")
        self.assertEqual(locks, [{"n": 1, "known": 0}])
        unseen = harness.query(trace, "SELECT name FROM stats WHERE name LIKE '%_unseen' AND value = 1")
        self.assertGreaterEqual(len(unseen), 4)


if __name__ == "__main__":
    harness.main()
