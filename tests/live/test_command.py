"""A command that is recorded behaves as it would without: exit status, signals, stdin, terminal, fds."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import harness

ABOUT_ME = r"""
import json, os, signal, sys
status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines())
print(json.dumps({
    "cwd": os.getcwd(), "nice": os.nice(0), "umask": status["Umask"],
    "fds": sorted(os.listdir("/proc/self/fd")),
    "signals": [status[name] for name in ("SigBlk", "SigIgn")],
    "environment": {key: os.environ[key] for key in sorted(os.environ) if key != "_"},
    "pdeathsig_and_policy": [os.sched_getscheduler(0), sorted(os.sched_getaffinity(0))],
    "limits": open("/proc/self/limits").read(), "oom": open("/proc/self/oom_score_adj").read(),
    "no_new_privs": status["NoNewPrivs"], "capabilities": status["CapEff"],
}))
"""


class RunTest(harness.LiveTest):
    def run_command(self, *command, options=(), **how):
        how.setdefault("cwd", self.directory)
        return harness.run_tarry("run", *options, "--", *command, **how)

    def test_exit_status_is_the_commands_own(self):
        for status in (0, 1, 3, 125, 255):
            with self.subTest(status=status):
                self.assertEqual(self.run_command("sh", "-c", f"exit {status}").returncode, status)

    def test_killed_by_a_signal(self):
        for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM):
            with self.subTest(number=number):
                done = self.run_command("sh", "-c", f"kill -{int(number)} $$")
                self.assertEqual(done.returncode, 128 + number)

    def test_output_is_untouched_and_the_report_is_on_stderr(self):
        done = self.run_command("sh", "-c", "echo out; echo err >&2")
        self.assertEqual(done.stdout, "out\n")
        lines = done.stderr.splitlines()
        self.assertEqual(lines[0], "err")
        self.assertGreater(len(lines), 3)
        match = re.fullmatch(r"saved (\S+\.tarry)\b.*", lines[-1])
        self.assertTrue(match, lines[-1])
        trace = self.directory / match.group(1)
        self.assertEqual(trace.stat().st_mode & 0o777, 0o600)

    def test_report_to_a_file_and_quiet(self):
        done = self.run_command("true", options=["--report", "r.txt"])
        self.assertNotIn("real", done.stderr)
        self.assertIn("real", (self.directory / "r.txt").read_text())
        done = self.run_command("echo", "hello", options=["-q"])
        self.assertEqual(done.stdout, "hello\n")
        self.assertNotIn("real", done.stderr)

    def test_options_of_the_command_are_its_own(self):
        done = harness.run_tarry("run", "-q", "echo", "-n", "--level", "-o", cwd=self.directory)
        self.assertEqual((done.stdout, done.returncode), ("--level -o", 0))

    def test_stdin_is_passed_on(self):
        done = self.run_command("cat", options=["-q"], input="a\nb\n", stdin=None)
        self.assertEqual(done.stdout, "a\nb\n")

    def test_everything_inherited_is_the_same(self):
        def ignore_some():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.nice(3)
            os.umask(0o027)

        for how in ({}, {"preexec_fn": ignore_some}):
            without = subprocess.run(["python3", "-c", ABOUT_ME], capture_output=True, text=True,
                                     cwd=self.directory, stdin=subprocess.DEVNULL, **how)
            recorded = self.run_command("python3", "-c", ABOUT_ME, options=["-q"], **how)
            self.assertEqual(json.loads(recorded.stdout), json.loads(without.stdout))

    def test_not_found_and_not_executable(self):
        done = self.run_command("no-such-command-at-all")
        self.assert_one_clear_line(done, "no-such-command-at-all", status=127)
        text = self.directory / "text"
        text.write_text("no program")
        done = self.run_command("./text")
        self.assert_one_clear_line(done, "text", status=126)
        done = self.run_command(str(self.directory))
        self.assert_one_clear_line(done, str(self.directory), status=126)
        self.assertEqual([path.name for path in self.directory.iterdir()], ["text"],
                         "no trace of nothing is left")

    def test_own_failure_is_125(self):
        done = self.run_command("touch", "done", options=["-o", "no/such/directory/t.tarry"])
        self.assert_one_clear_line(done, "no/such/directory", status=125)
        self.assertFalse((self.directory / "done").exists(), "nothing runs unrecorded")

    def test_streamed_to_a_pipe(self):
        done = subprocess.run([harness.TARRY, "record", "-o", "-", "--", "sh", "-c", "echo hello >&2; true"],
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=harness.TIMEOUT_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        trace = self.directory / "streamed.tarry"
        trace.write_bytes(done.stdout)
        self.assertEqual(harness.run_tarry("check", trace).returncode, 0)
        self.assertGreater(harness.query(trace, "SELECT count(*) AS n FROM syscall")[0]["n"], 10)

    def test_reader_of_the_stream_goes_away(self):
        """The command goes on; the recorder ends without a crash."""
        mark = self.directory / "mark"
        done = subprocess.run(["sh", "-c", f'"{harness.TARRY}" record -o - -- sh -c "sleep 1; ls -lR /usr/include'
                               f' >/dev/null; touch {mark}" | head -c 10 >/dev/null'],
                              capture_output=True, text=True, timeout=harness.TIMEOUT_S)
        # That the stream has ended, and that the command is waited for.
        self.assertIn("broken pipe", done.stderr.lower())
        self.assertLessEqual(len(done.stderr.splitlines()), 2, done.stderr)
        harness.wait_until(mark.exists, what="the command")

    def test_started_by_sudo_it_runs_as_the_caller(self):
        self.directory.chmod(0o777)
        environment = {**os.environ, "SUDO_UID": "65534", "SUDO_GID": "65534", "SUDO_USER": "nobody"}
        done = self.run_command("sh", "-c", "id -u; id -g; id -G; touch made",
                                options=["-q", "-o", "t.tarry"], env=environment)
        self.assertEqual(done.stdout.split(), ["65534"] * 3, done.stderr)
        self.assertEqual((self.directory / "made").stat().st_uid, 65534)
        status = (self.directory / "t.tarry").stat()
        self.assertEqual((status.st_uid, status.st_mode & 0o777), (65534, 0o600))

    def test_user_chosen(self):
        done = self.run_command("id", "-un", options=["-q", "-u", "nobody", "-o", "t.tarry"])
        self.assertEqual(done.stdout, "nobody\n", done.stderr)

    def test_name_of_the_trace(self):
        done = harness.run_tarry("record", "true", cwd=self.directory)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.directory / "true.tarry").exists())


class TerminalTest(harness.LiveTest):
    """Under a pseudo-terminal, as a person would use it."""

    def spawn(self, *arguments):
        pid, master = pty.fork()
        if pid == 0:
            os.chdir(self.directory)
            os.execv(harness.TARRY, [harness.TARRY, *arguments])
        self.addCleanup(os.close, master)
        self.unread = ""
        return pid, master

    def read_until(self, master, pattern, seconds=20):
        """Takes what was printed up to the pattern; the rest is for the next call."""
        text = self.unread
        end = time.monotonic() + seconds
        while not re.search(pattern, text):
            if time.monotonic() > end:
                self.fail(f"no {pattern!r} in {text!r}")
            if select.select([master], [], [], 0.1)[0]:
                try:
                    text += os.read(master, 4096).decode(errors="replace")
                except OSError:  # the other end has been closed
                    break
        self.assertRegex(text, pattern)
        self.unread = text[re.search(pattern, text).end():]
        return text

    def finish(self, pid):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.fail("tarry did not end")

    def test_command_has_the_terminal(self):
        pid, master = self.spawn("run", "-q", "--", "python3", "-c",
                                 "import os; print('tty', [os.isatty(fd) for fd in (0, 1, 2)],"
                                 " os.tcgetpgrp(0) == os.getpgrp()); print('got', input())")
        self.read_until(master, r"tty \[True, True, True\] True")
        os.write(master, b"typed\n")
        self.read_until(master, "got typed")
        self.assertEqual(self.finish(pid), 0)

    def test_ctrl_c_reaches_the_command(self):
        pid, master = self.spawn("run", "-o", "t.tarry", "--", "sh", "-c", "echo ready; exec sleep 30")  # may still be sh when it comes
        self.read_until(master, "ready")
        os.write(master, b"\x03")
        self.read_until(master, r"saved t\.tarry")
        self.assertEqual(self.finish(pid), 128 + signal.SIGINT)
        trace = self.directory / "t.tarry"
        self.assertEqual(harness.run_tarry("check", trace).returncode, 0)
        self.assertEqual(harness.query(trace, "SELECT exit_signal FROM process WHERE exit_signal IS NOT NULL"),
                         [{"exit_signal": signal.SIGINT}])

    def test_command_that_handles_ctrl_c_decides(self):
        pid, master = self.spawn("run", "-o", "t.tarry", "--", "sh", "-c",
                                 "trap 'echo caught; exit 4' INT; echo ready; while :; do sleep 0.1; done")
        self.read_until(master, "ready")
        os.write(master, b"\x03")
        self.read_until(master, "caught")
        self.read_until(master, r"saved t\.tarry")
        self.assertEqual(self.finish(pid), 4)


if __name__ == "__main__":
    harness.main()
