"""tarry and its peers as commands to put before a program; each declared once here."""
import dataclasses
import shutil
from typing import Callable


@dataclasses.dataclass(frozen=True)
class Recorder:
    """`wrap(bench, out)` is what stands before the command; `out` the file it writes, if any.
    `slowness` is how many times fewer calls it is given, so that a slow one does not take hours."""
    name: str
    wrap: Callable
    needs: str = ""
    slowness: int = 1

    def available(self, bench):
        return not self.needs or bench.peers and shutil.which(self.needs) is not None


def _tarry(level):
    return lambda bench, out: [bench.tarry, "record", "-q", "-o", out, "--level", level, "--"]


def _by_ptrace(*flags):
    return lambda bench, out: [bench.tarry, "record", "-q", "--backend", "ptrace", "-o", out, *flags, "--"]


BARE = Recorder("bare", lambda bench, out: [])
TARRY_WAITS = Recorder("tarry, level waits", _tarry("waits"))
TARRY_SYSCALLS = Recorder("tarry, level syscalls", _tarry("syscalls"))
STRACE = Recorder("strace -f", lambda bench, out: ["strace", "-f", "-o", out], "strace", slowness=100)
TARRY_PTRACE = Recorder("tarry by ptrace", _by_ptrace(), slowness=50)
# Of calls that are not asked for.
TARRY_PASSING = Recorder("tarry by ptrace, -e openat", _by_ptrace("-e", "openat"))
TARRY_PASSING_WAITS = Recorder("tarry by ptrace, level waits", _by_ptrace("--level", "waits"))
STRACE_PASSING = Recorder(
    "strace -f --seccomp-bpf -e openat",
    lambda bench, out: ["strace", "-f", "--seccomp-bpf", "-e", "openat", "-o", out], "strace")
PERF_TRACE = Recorder("perf trace", lambda bench, out: ["perf", "trace", "-o", out, "--"], "perf", slowness=50)
PERF_CALLS = Recorder(
    "perf record -e raw_syscalls:*",
    lambda bench, out: ["perf", "record", "-q", "-o", out, "-e", "raw_syscalls:*", "--"], "perf", slowness=4)
PERF_SWITCHES = Recorder(
    "perf record -e sched:sched_switch,sched:sched_waking",
    lambda bench, out: ["perf", "record", "-q", "-o", out, "-e", "sched:sched_switch,sched:sched_waking", "--"],
    "perf", slowness=4)
PERF_SCHED = Recorder("perf sched record", lambda bench, out: ["perf", "sched", "record", "-q", "-o", out],
                      "perf", slowness=4)
EMPTY_CALLS = Recorder("empty BPF programs on enter and exit",
                       lambda bench, out: [bench.program("floor"), "calls"])
EMPTY_SWITCHES = Recorder("empty BPF programs on switch and waking",
                          lambda bench, out: [bench.program("floor"), "switches"])
# Each with what stands before it.
STEPS_OF_CALLS = [
    EMPTY_CALLS,
    Recorder("and reads the clock in both", lambda bench, out: [bench.program("floor"), "clock"]),
    Recorder("and keeps the time of the enter in the task's storage",
             lambda bench, out: [bench.program("floor"), "state"]),
    Recorder("and puts a record of 64 bytes into a ring", lambda bench, out: [bench.program("floor"), "record"]),
]

OF_CALLS = [BARE, EMPTY_CALLS, TARRY_WAITS, TARRY_SYSCALLS, PERF_CALLS, PERF_TRACE, STRACE]
OF_SWITCHES = [BARE, EMPTY_SWITCHES, TARRY_WAITS, TARRY_SYSCALLS, PERF_SWITCHES, PERF_SCHED, STRACE]
BY_PTRACE = [BARE, TARRY_PTRACE, STRACE]
OF_PASSING = [BARE, TARRY_PASSING, TARRY_PASSING_WAITS, STRACE_PASSING]
OF_WORKLOADS = [BARE, TARRY_WAITS, TARRY_SYSCALLS, PERF_CALLS, PERF_TRACE, STRACE]
