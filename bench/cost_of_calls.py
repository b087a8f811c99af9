"""What recording adds to a system call, and to calls of programs that are not recorded."""
import json
import subprocess
import time

import recorders
from harness import Finding, Table, Verdict, cost_head, cost_rows, interleaved, median, number, run

CALLS = 1_000_000
KINDS = {
    "rw": "64-byte read of /dev/zero, write to /dev/null",
    "path": "stat of a path with three components",
    "open": "open and close of a file",
    "poll": "poll of two ready fds",
    "mixed": "look-ups in vain, open, fstat, read, lseek, close, poll, write",
}
SLEEPERS = [1, 100, 10_000]


def ns_a_call(bench, recorder, kind, before=()):
    """(elapsed, CPU time of the program) in ns a call of one run of `calls KIND` under the recorder."""
    out = bench.directory() / "out"
    count = bench.times(CALLS // recorder.slowness, least=2000)
    command = [*before, bench.program("calls"), kind, count]
    done = run([*recorder.wrap(bench, out), *command])
    if out.exists():
        out.unlink()
    return figures(done.stdout)


def figures(printed):
    said = json.loads(printed)
    return said["ns"], said["cpu_ns"]


def against_peers(bench):
    table = Table("Added to a system call",
                  cost_head("a call", "ns"), [],
                  f"{KINDS['rw']}, one busy thread; median of {bench.rounds} interleaved runs. CPU time is the "
                  "program's own, in which a recorder inside the kernel works; a tracer takes its time beside it.")
    by_name = {recorder.name: recorder for recorder in recorders.OF_CALLS if recorder.available(bench)}
    results = interleaved(list(by_name), bench.rounds, lambda name: ns_a_call(bench, by_name[name], "rw"))
    table.rows, cpu = cost_rows(results)
    syscalls, waits = cpu[recorders.TARRY_SYSCALLS.name], cpu[recorders.TARRY_WAITS.name]
    # The budgets were set on a machine where a bare call took 165 ns: where the kernel itself, or a reading of
    # the clock, is slower than there, everything is, so the ratio is the fairer figure.
    return Finding([table], [
        Verdict("level syscalls: a plain call with an fd, of bare", (165 + 350) / 165, syscalls / cpu["bare"], "×"),
        Verdict("level syscalls: added to a plain call with an fd", 350, syscalls - cpu["bare"], "ns"),
        Verdict("level waits: added to a call that does not block", 10, waits - cpu["bare"], "ns"),
    ])


def of_the_kernel(bench):
    """What of it no tool can save: the kernel's own share, step by step."""
    table = Table("The kernel's share of it", ["what happens at a call", "CPU ns a call", "added", "by this step"], [],
                  "The same calls. The first rows are programs that do the least with which a call can be recorded "
                  "with its duration, each step in the usual way and each with those before it; tarry's last row has "
                  "the arguments, the object of the fd and the result as well, and does some steps in other ways.")
    ways = [recorders.BARE, *recorders.STEPS_OF_CALLS, recorders.TARRY_SYSCALLS]
    by_name = {recorder.name: recorder for recorder in ways}
    results = interleaved(list(by_name), bench.rounds, lambda name: ns_a_call(bench, by_name[name], "rw")[1])
    medians = {name: median(values) for name, values in results.items()}
    bare = last = medians["bare"]
    for name, value in medians.items():
        is_step = by_name[name] in recorders.STEPS_OF_CALLS
        table.rows.append([name, number(value), "" if name == "bare" else number(value - bare),
                           number(value - last) if is_step else ""])
        last = value
    return Finding([table])


def by_kind(bench):
    table = Table("Added by kind of call, level syscalls", ["calls", "bare ns", "recorded ns", "added"], [],
                  "CPU time a call. Paths are captured whole, poll's sets are read at the return.")
    pair = {recorder.name: recorder for recorder in (recorders.BARE, recorders.TARRY_SYSCALLS)}
    for kind, about in KINDS.items():
        results = interleaved(list(pair), bench.rounds, lambda name, kind=kind: ns_a_call(bench, pair[name], kind)[1])
        bare, recorded = (median(values) for values in results.values())
        table.rows.append([about, number(bare), number(recorded), number(recorded - bare)])
    return Finding([table])


def bystanders(bench):
    """The same calls by a program that is not recorded while another one is."""
    table = Table("Added to a program that is not recorded", ["meanwhile", "CPU ns a call", "added"], [],
                  "A sleeping program is recorded, the calls come from another one.")
    ways = {
        "nothing": None,
        "tarry record -p, level waits": [bench.tarry, "record", "-q", "--level", "waits"],
        "tarry record -p, level syscalls": [bench.tarry, "record", "-q", "--level", "syscalls"],
    }
    if recorders.PERF_CALLS.available(bench):
        ways["perf record -e raw_syscalls:* -p"] = ["perf", "record", "-q", "-e", "raw_syscalls:*"]
    if recorders.STRACE.available(bench):
        ways["strace -f -p"] = ["strace", "-f"]
    results = interleaved(list(ways), bench.rounds, lambda name: _beside(bench, ways[name]))
    bare = median(results["nothing"])
    for name, values in results.items():
        table.rows.append([name, number(median(values)), "" if name == "nothing" else number(median(values) - bare)])
    return Finding([table])


def _beside(bench, recorder):
    command = [bench.program("calls"), "rw", str(bench.times(CALLS, least=2000))]
    if recorder is None:
        return figures(run(command).stdout)[1]
    with subprocess.Popen(["sleep", "600"]) as sleeper:
        out = bench.directory() / "out"
        with subprocess.Popen([*recorder, "-o", str(out), "-p", str(sleeper.pid)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(1.5)  # until it is armed
            value = figures(run(command).stdout)[1]
            process.send_signal(2)
            process.wait()
        sleeper.kill()
    return value


def by_processes(bench):
    """Cost with many recorded processes that do nothing."""
    table = Table("With many recorded processes", ["sleeping processes", "bare CPU ns a call", "recorded", "added",
                                                   "recorder's memory"], [],
                  f"{KINDS['rw']} by one of them, level syscalls.")
    for sleepers in SLEEPERS:
        count = bench.times(sleepers)
        memory = []

        def one(name, count=count, memory=memory):
            before = [bench.program("sleepers"), count]
            if name == "bare":
                return ns_a_call(bench, recorders.BARE, "rw", before)[1]
            out = bench.directory() / "out"
            wrapped = [*recorders.TARRY_SYSCALLS.wrap(bench, out), *before, bench.program("calls"), "rw",
                       bench.times(CALLS, least=2000)]
            value = figures(run(wrapped).stdout)[1]
            memory.append(bench.info(out)["cost"]["max_rss_bytes"])
            out.unlink()
            return value

        results = interleaved(["bare", "recorded"], min(bench.rounds, 3), one)
        bare, recorded = median(results["bare"]), median(results["recorded"])
        table.rows.append([f"{count:,}", number(bare), number(recorded), number(recorded - bare),
                           f"{median(memory) / 2**20:.0f} MiB"])
    return Finding([table])
