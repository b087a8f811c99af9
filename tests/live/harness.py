"""What the live tests share: recording with the built tarry, asking the trace, skipping loudly.

Every test file ends with `harness.main()` and is run by CTest as

    python3 test_x.py --tarry BINARY --workloads DIRECTORY [--backend ptrace] [unittest arguments]

With `--backend ptrace` the file runs as a user without rights (other_user.py), and where an oracle asks for more
than a tracer can see, `knows()` says so.

Standard library only. Everything is recorded into a directory of the test's own, which is removed
again, with bounded size and time, and no recorder is left behind.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import other_user

SKIPPED = 77  # CTest's SKIP_RETURN_CODE
TIMEOUT_S = 60
MS = 1_000_000

TARRY = None
WORKLOADS = None
BACKEND = "bpf"

# What a backend cannot know or an unprivileged user cannot do, and why. docs/install.md has the same for users.
# Nothing else may differ.
UNKNOWN = {
    "bpf": {},
    "ptrace": {
        "wakers": "the kernel tells nobody who woke a thread: of pipes and ended children it is concluded from the calls",
        "idle workers": "that a parked worker was handed work is known from who wakes it",
        "interrupts": "whether it was an interrupt is not told either; a timer's is known by the call's result only",
        "quota": "why a thread waits for a CPU is in no file of its process; nor may the user make a cgroup",
        "faulted files": "that a page had to be read is counted in /proc, of which file is not",
        "opened at level waits": "what an open waits for is known from the fd it returns, at level syscalls",
        "seccomp": "a tracer sees a call before a filter of the program denies it: it has begun then",
        "last signals": "a SIGKILL, and the SIGSYS of a filter that kills, stop nobody: only their effect is seen",
        "sending threads": "siginfo has the process: of one that has had several threads, has ended or is not recorded no thread is named",
        "same run": "a process has one tracer: strace cannot trace what tarry does",
        "short queues": "up to 30 µs after a stop a thread waits for the CPU that the tracer is still on",
        "left alone": "a thread found in a call that an interruption would fail is not seen before it does another",
        "socket events": "what the kernel does with a connection on its own is told to no tracer: only the calls are known",
        "losses": "there are none: the program waits until what it did is written",
    },
}


def knows(what):
    """May the oracle insist on it?"""
    assert what in UNKNOWN["ptrace"], what
    return what not in UNKNOWN[BACKEND]


def recording():
    """What every verb that records has to be told."""
    return ["--backend", BACKEND]


class Recorded:
    """A finished recording: what the recorder printed, and the trace to ask."""

    def __init__(self, trace, returncode, stdout, stderr):
        self.trace = trace
        self.returncode = returncode
        self.stdout = stdout
        self.stderr = stderr

    def json_lines(self):
        """The JSON lines among what the recorded workload printed."""
        return json_lines(self.stdout)

    def query(self, sql):
        return query(self.trace, sql)


def json_lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def run_tarry(*arguments, timeout=TIMEOUT_S, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([TARRY, *map(str, arguments)], capture_output=True, text=True,
                          errors="surrogateescape", timeout=timeout, **options)


def query(trace, sql):
    """Rows of a query as dictionaries."""
    done = run_tarry("query", trace, "--format", "json", sql)
    if done.returncode:
        raise AssertionError(f"tarry query failed: {done.stderr.strip()}\n{sql}")
    return json.loads(done.stdout or "[]")


def events_left_out(recorded):
    """How many scheduler events the kernel is known to have kept back (docs/install.md)."""
    return sum(row["value"] for row in recorded.query(
        "SELECT value FROM stats WHERE name IN ('switches_missing', 'wakes_missing')"))


TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def stolen_ns():
    """What the hypervisor has taken from all CPUs since boot, in ticks (docs/install.md): 0 on a real machine. Between
    two switches nobody sees it, and the kernel's accounts of a thread are without it."""
    return int(pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[8]) * TICK_NS


def workload(name):
    return str(WORKLOADS / name)


def wait_until(condition, seconds=10, what="it"):
    """Polls; the condition's value, or a failure when it stays false."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


class LiveTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        # On a real file system: /tmp may be in memory, where nothing ever waits for the disk.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tarry-live.", dir="/var/tmp"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def record(self, *command, level=None, options=(), max_size="200M", check=True, **how):
        """Records a command; `options` go to `tarry record`, `how` to subprocess.run."""
        trace = self.directory / f"t{len(list(self.directory.glob('*.tarry')))}.tarry"
        arguments = ["record", *recording(), "-o", trace, "--max-size", max_size, *options]
        if level:
            arguments += ["--level", level]
        done = run_tarry(*arguments, "--", *command, **how)
        if check and done.returncode:
            self.fail(f"tarry record: exit status {done.returncode}: {done.stderr.strip()}")
        return Recorded(trace, done.returncode, done.stdout, done.stderr)

    def certificate(self):
        """(certificate, key) of a server called localhost; both may be read by everybody."""
        if not shutil.which("openssl"):
            self.skip_loudly("openssl is needed to make a certificate")
        certificate, key = self.directory / "c.pem", self.directory / "k.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        key.chmod(0o644)
        return certificate, key

    def start(self, *command, **how):
        """Starts a program that is ended with the test."""
        how.setdefault("stdin", subprocess.PIPE)
        how.setdefault("stdout", subprocess.PIPE)
        process = subprocess.Popen([str(part) for part in command], text=True, **how)
        self.addCleanup(end_process, process)
        return process

    def start_recorder(self, *arguments, name="live.tarry", ready=True, **how):
        """Starts `tarry record` in the background; returns (process, trace) once it records."""
        trace = self.directory / name
        how.setdefault("stderr", subprocess.PIPE)
        process = self.start(TARRY, "record", *recording(), "-o", trace, "--max-size", "200M", *arguments, **how)
        if ready:
            # The header is written when recording is armed; a little more for the first drain.
            wait_until(lambda: process.poll() is not None
                       or trace.exists() and trace.stat().st_size > 0, what="the recorder")
            time.sleep(0.5)
        return process, trace

    def stop_recorder(self, process, number=signal.SIGINT):
        process.send_signal(number)
        out, err = process.communicate(timeout=TIMEOUT_S)
        return process.returncode, out, err

    def needs(self, what):
        """Left out where the backend cannot know it."""
        if not knows(what):
            self.skipTest(f"{BACKEND}: {UNKNOWN[BACKEND][what]}")

    def skip_loudly(self, why):
        print(f"SKIPPED {self.id()}: {why}", file=sys.stderr, flush=True)
        self.skipTest(why)

    def assert_one_clear_line(self, done, *words, status=None):
        """An error as users should see it: one line, `tarry VERB: …`, naming the words; non-zero exit."""
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, f"one line expected on stderr: {done.stderr!r}")
        self.assertRegex(lines[0], r"^tarry( \w+)?: \S")
        for word in words:
            self.assertIn(word.lower(), lines[0].lower())
        if status is None:
            self.assertNotEqual(done.returncode, 0)
        else:
            self.assertEqual(done.returncode, status, lines[0])


def end_process(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            try:
                pipe.close()
            except BrokenPipeError:
                pass


def bpf_programs():
    """Ids of the BPF programs loaded in the kernel, None where bpftool cannot tell."""
    done = subprocess.run(["bpftool", "prog", "list", "--json"], capture_output=True, text=True)
    return {program["id"] for program in json.loads(done.stdout)} if done.returncode == 0 else None


def main(needs_backend=True):
    global TARRY, WORKLOADS, BACKEND
    parser = argparse.ArgumentParser()
    parser.add_argument("--tarry", required=True)
    parser.add_argument("--workloads", required=True)
    parser.add_argument("--backend", choices=UNKNOWN, default="bpf")
    options, rest = parser.parse_known_args()
    TARRY = os.path.abspath(options.tarry)
    WORKLOADS = pathlib.Path(options.workloads).resolve()
    BACKEND = options.backend
    os.environ["LC_ALL"] = "C.UTF-8"
    # The distribution's programs, not shims that somebody's PATH has in front of them.
    os.environ["PATH"] = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
    if BACKEND == "ptrace" and os.geteuid() == 0:
        sys.exit(other_user.run_test_file(pathlib.Path(sys.argv[0]), TARRY, WORKLOADS,
                                          ["--backend", BACKEND, *rest]))
    if needs_backend:
        doctor = run_tarry("doctor", "--backend", BACKEND)
        if doctor.returncode:
            print(f"SKIPPED, this machine does not allow recording:\n{doctor.stdout}{doctor.stderr}",
                  file=sys.stderr)
            sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)
    unittest.main(module="__main__", argv=[sys.argv[0], *rest], verbosity=2)
