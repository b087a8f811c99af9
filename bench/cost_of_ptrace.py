"""What recording by ptrace, without rights, adds to a system call, against strace."""
import json

import recorders
from harness import Finding, Table, Verdict, interleaved, median, number, run

CALLS = 500_000
THREADS = [1, 2, 4]


def elapsed_ns(bench, recorder, kind, threads):
    out = bench.directory() / "out"
    count = bench.times(CALLS // recorder.slowness, least=500)
    done = run([*recorder.wrap(bench, out), bench.program("calls"), kind, count, threads])
    if out.exists():
        out.unlink()
    return json.loads(done.stdout)["ns"]


def _rows(bench, recorders_of_it, kind, threads, first=""):
    by_name = {recorder.name: recorder for recorder in recorders_of_it if recorder.available(bench)}
    results = interleaved(list(by_name), bench.rounds, lambda name: elapsed_ns(bench, by_name[name], kind, threads))
    medians = {name: median(values) for name, values in results.items()}
    added = {name: value - medians["bare"] for name, value in medians.items()}
    rows = [[first + name, number(value), "" if name == "bare" else number(added[name])]
            for name, value in medians.items()]
    return rows, added


def against_strace(bench):
    stopped = Table("By ptrace: added to a call that stops", ["recorder", "elapsed ns a call", "added"], [],
                    "64-byte read and write as above, by one thread and by several at once; elapsed time, since a tracer "
                    f"works beside the program. Median of {bench.rounds} interleaved runs. Where more threads are busy than "
                    "there are CPUs, none of these sleeps between two stops, and to wake one is most of what strace costs "
                    "otherwise.")
    verdicts = []
    for threads in THREADS:
        rows, added = _rows(bench, recorders.BY_PTRACE, "rw", threads, f"{threads} thread{'s' * (threads > 1)}: ")
        stopped.rows += rows
        if recorders.STRACE.name in added:
            verdicts.append(Verdict(f"by ptrace, {threads} thread{'s' * (threads > 1)}: added to a call, of what strace -f adds", 0.5,
                                    added[recorders.TARRY_PTRACE.name] / added[recorders.STRACE.name], "×"))
    passed = Table("By ptrace: added to a call that the filter lets pass", ["recorder", "elapsed ns a call", "added"], [],
                   "getppid, which nobody asked for, at full speed.")
    passed.rows, added = _rows(bench, recorders.OF_PASSING, "plain", 1)
    for recorder in (recorders.TARRY_PASSING, recorders.TARRY_PASSING_WAITS):
        verdicts.append(Verdict(f"{recorder.name}: added to a call that passes", 100, added[recorder.name], "ns"))
    return Finding([stopped, passed], verdicts)
