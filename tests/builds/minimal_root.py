#!/usr/bin/env python3
"""minimal_root.py ROOT: the static binaries in a directory with nothing but a busybox, chrooted.

What a machine of another distribution may lack is all missing there: libraries, /etc/passwd, /tmp, a terminal
database, locales, and for most tests /sys. Needs root, for chroot(2) and for what is recorded by eBPF; what is
recorded by ptrace is recorded as a user without a name.
"""

import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
BUILT = {"tarry": ROOT / "build/static/cli/tarry", "tarry-recorder": ROOT / "build/static-recorder/cli/tarry"}
SKIPPED = 77
IN_NAMESPACE = "--in-namespace"
NOBODY = 54321
EXPLAINING = ["why", "time", "summary", "show", "files", "tree"]
PTRACE_NOTE = r"^tarry: recording by ptrace, not eBPF \("


class MinimalRoot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="tarry-root.", dir="/var/tmp"))
        cls.root.chmod(0o755)
        for name in ("bin", "proc", "sys", "work"):
            (cls.root / name).mkdir()
        os.chown(cls.root / "work", NOBODY, NOBODY)
        busybox = shutil.which("busybox")
        shutil.copy(busybox, cls.root / "bin/busybox")
        # Debian's other one takes a C library, which is then there for it alone: ours are found to be static.
        for library in re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", busybox], capture_output=True, text=True).stdout):
            (cls.root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, cls.root / library[1:])
        for name in ("sh", "sleep", "cat"):
            (cls.root / "bin" / name).symlink_to("busybox")
        for name, built in BUILT.items():
            subprocess.run(["strip", "-o", cls.root / name, built], check=True, timeout=60)
        # The mounts are those of our own mount namespace, which ends with us.
        subprocess.run(["mount", "-t", "proc", "proc", cls.root / "proc"], check=True)

    @classmethod
    def tearDownClass(cls):
        subprocess.run(["umount", "-R", cls.root / "proc"], check=True)
        shutil.rmtree(cls.root)

    def setUp(self):
        for trace in (self.root / "work").iterdir():
            trace.unlink()

    def enter(self, uid):
        def enter():
            os.chroot(self.root)
            os.chdir("/work")
            if uid:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
        return enter

    def inside(self, *command, uid=NOBODY, status=0):
        done = subprocess.run(command, preexec_fn=self.enter(uid), env={"PATH": "/bin"}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, f"{command}: {done.stdout}{done.stderr}")
        return done

    def assert_lines(self, text, *patterns):
        """As many lines, each matching its pattern."""
        lines = text.splitlines()
        self.assertEqual(len(lines), len(patterns), text)
        for line, pattern in zip(lines, patterns):
            self.assertRegex(line, pattern)

    def explained(self, trace, uid=NOBODY):
        """That the full binary says of a trace of `sleep 0.2` what it should, with nothing on stderr but notes."""
        self.assertRegex(self.inside("/tarry", "why", trace, uid=uid).stdout, r"\n    sleep +2\d\d ms .*nanosleep")
        for verb in EXPLAINING:
            done = self.inside("/tarry", verb, trace, uid=uid)
            self.assertIn({"time": "real", "files": "/bin/sh"}.get(verb, "sleep"), done.stdout, verb)
            self.assertNotRegex(done.stderr, "(?i)error|cannot|warning", verb)
        self.assertIn("sleep", self.inside("/tarry", "query", trace, "SELECT comm FROM process", uid=uid).stdout)
        self.inside("/tarry", "load", trace, "-o", "loaded.db", uid=uid)
        (self.root / "work/loaded.db").unlink()

    def sound(self, trace, uid=NOBODY):
        for program in ("/tarry", "/tarry-recorder"):
            self.assertIn("sound", self.inside(program, "check", trace, uid=uid).stdout)
            self.assertRegex(self.inside(program, "info", trace, uid=uid).stdout, r"target +command  sh -c")

    def test_they_need_no_library(self):
        for name in BUILT:
            self.assertIn("statically linked", subprocess.run(["file", self.root / name], check=True, text=True,
                                                              capture_output=True).stdout)

    def test_their_size_is_what_the_documentation_says(self):
        table = (ROOT / "docs/install.md").read_text()
        for name, preset in (("tarry", "static"), ("tarry-recorder", "static-recorder")):
            told = float(re.search(rf"^\| `{preset}` \|[^|]*\| ([0-9.]+) MiB", table, re.M)[1])
            size = (self.root / name).stat().st_size / 2**20
            self.assertLess(abs(size - told) / told, 0.1, f"docs/install.md says {told} MiB of {preset}: it is {size:.1f}")

    def test_a_user_without_a_name_records_by_ptrace(self):
        done = self.inside("/tarry", "run", "-o", "a.tarry", "sh", "-c", "sleep 0.2")
        self.assertRegex(done.stderr.splitlines()[0], PTRACE_NOTE)
        self.assertRegex(done.stderr, r"\n    sleep +2\d\d ms ")
        self.assertEqual(done.stderr.splitlines()[-1], "saved a.tarry")
        self.explained("a.tarry")
        self.sound("a.tarry")

    def test_the_small_one_records_by_ptrace_for_the_full_one(self):
        done = self.inside("/tarry-recorder", "record", "-o", "a.tarry", "sh", "-c", "sleep 0.2")
        self.assert_lines(done.stderr, PTRACE_NOTE, r"^saved a\.tarry: ")
        done = self.inside("/tarry-recorder", "run", "-o", "b.tarry", "sh", "-c", "sleep 0.2; exit 3", status=3)
        self.assert_lines(done.stderr, PTRACE_NOTE, r"^saved b\.tarry$")
        for trace in ("a.tarry", "b.tarry"):
            self.explained(trace)
            self.sound(trace)

    def test_root_records_by_ebpf_with_nothing_but_the_binary(self):
        subprocess.run(["mount", "--rbind", "/sys", self.root / "sys"], check=True)
        try:
            for name in BUILT:
                trace = name + ".tarry"
                done = self.inside("/" + name, "run", "--backend", "bpf", "-o", trace, "sh", "-c", "sleep 0.2", uid=0)
                self.assertNotIn("ptrace", done.stderr)
                self.assertEqual(done.stderr.splitlines()[-1], "saved " + trace)
                self.explained(trace, uid=0)
                self.sound(trace, uid=0)
            with subprocess.Popen(["/bin/sleep", "30"], preexec_fn=self.enter(NOBODY)) as sleeper:
                why = self.inside("/tarry", "why", "-p", str(sleeper.pid), "--for", "0.5s", uid=0)
                sleeper.kill()
            self.assertIn("nanosleep", why.stdout)
            self.assertEqual(sorted(os.listdir(self.root / "work")), ["tarry-recorder.tarry", "tarry.tarry"])
        finally:
            subprocess.run(["umount", "-R", "-l", self.root / "sys"], check=True)

    def test_without_sys_root_records_by_ptrace_and_learns_why(self):
        done = self.inside("/tarry-recorder", "record", "-o", "a.tarry", "sh", "-c", "sleep 0.2", uid=0)
        self.assert_lines(done.stderr, PTRACE_NOTE + r"no /sys/kernel/btf/vmlinux", "^saved ")
        done = self.inside("/tarry", "record", "--backend", "bpf", "sh", "-c", ":", uid=0, status=125)
        self.assert_lines(done.stderr, r"^tarry: cannot record with eBPF: .*\(BTF\)")

    def test_without_proc_there_is_one_clear_line(self):
        subprocess.run(["umount", self.root / "proc"], check=True)
        try:
            for name in BUILT:
                for uid in (0, NOBODY):
                    done = self.inside("/" + name, "record", "sh", "-c", ":", uid=uid, status=125)
                    self.assert_lines(done.stderr, r"^tarry: cannot record: /proc is not mounted here \(mount ")
        finally:
            subprocess.run(["mount", "-t", "proc", "proc", self.root / "proc"], check=True)

    def test_a_directory_that_cannot_be_written_is_one_clear_line(self):
        done = self.inside("/tarry", "why", "-p", "1", uid=NOBODY + 1, status=125)
        self.assert_lines(done.stderr, r"^tarry: cannot create a directory in \.: Permission denied \(set TMPDIR ")

    def test_a_missing_program_is_one_clear_line(self):
        for name in BUILT:
            done = self.inside("/" + name, "run", "--backend", "ptrace", "-o", "a.tarry", "no-such-program", status=127)
            self.assertRegex(done.stderr.splitlines()[0], r"^tarry: .*no-such-program")

    def test_doctor_says_what_is_missing(self):
        done = self.inside("/tarry-recorder", "doctor")
        self.assertIn("recording works here by ptrace", done.stdout)
        self.assertIn("setcap cap_bpf,cap_perfmon,cap_syslog=ep /tarry-recorder ", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_the_shell_works_without_a_terminal_database(self):
        self.inside("/tarry", "record", "-o", "a.tarry", "sh", "-c", "sleep 0.2")
        pid, terminal = pty.fork()
        if pid == 0:
            try:
                self.enter(NOBODY)()
                os.execve("/tarry", ["tarry", "query", "a.tarry"], {"TERM": "xterm"})
            finally:
                os._exit(127)
        self.assertIn("tarry> ", self.typed(terminal, b""))
        self.assertIn("42", self.typed(terminal, b"SELECT 6 * 7 AS answer;\n"))
        self.typed(terminal, b"\x04")
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        os.close(terminal)

    def typed(self, terminal, keys):
        """What is shown after these keys, up to the next prompt."""
        os.write(terminal, keys)
        shown, end = "", time.monotonic() + 20
        while time.monotonic() < end and not shown.endswith("tarry> "):
            try:
                if select.select([terminal], [], [], 1)[0]:
                    shown += os.read(terminal, 4096).decode()
            except OSError:  # it has ended
                break
        return shown


def skip(why):
    print(f"SKIPPED: {why}", file=sys.stderr)
    sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)


if __name__ == "__main__":
    if os.geteuid() != 0:
        skip("chroot(2) needs root")
    if shutil.which("busybox") is None:
        skip("busybox is missing (busybox-static)")
    if IN_NAMESPACE not in sys.argv:
        # In a container that may not mount there is nothing to be tried.
        if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
            skip("unshare(2) and mount(2) are not permitted here")
        os.execvp("unshare", ["unshare", "-m", sys.executable, "-B", __file__, str(ROOT), *sys.argv[2:], IN_NAMESPACE])
    unittest.main(argv=[sys.argv[0], *(word for word in sys.argv[2:] if word != IN_NAMESPACE)])
