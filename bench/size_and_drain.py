"""Bytes in the file and CPU of the recorder for each event, against the peers' files."""
import shutil

import recorders
import workloads
from harness import Finding, Table, Verdict, number, run

# Block kinds of `tarry info` whose rows are events.
EVENTS = ("syscalls", "switches", "wakes", "signals", "processes")


def rows(info, *kinds):
    return sum(block["rows"] for block in info["blocks"] if block["kind"] in kinds)


def zstd_size(path):
    packed = path.with_suffix(".zst")
    run(["zstd", "-q", "-3", "-f", path, "-o", packed])
    size = packed.stat().st_size
    packed.unlink()
    return size


def bytes_a_call(bench):
    table = Table("Bytes a system call in the file", ["workload", "calls", "tarry", "perf.data", "strace text",
                                                      "strace text, zstd -3"], [],
                  "Everything in the file counted; the compile and the database are those above.")
    real = []
    for name, command in workload_commands(bench).items():
        out = bench.directory() / "t.tarry"
        run([*recorders.TARRY_SYSCALLS.wrap(bench, out), *command()])
        info = bench.info(out)
        calls = rows(info, "syscalls")
        ours = info["file_bytes"] / calls
        if name in ("compile", "database"):
            real.append((info["file_bytes"], calls))
        table.rows.append([name, f"{calls:,}", number(ours), *peers_bytes(bench, command, calls)])
    total = sum(size for size, _ in real) / sum(calls for _, calls in real)
    return Finding([table], [Verdict("bytes a call in the file on a real mix (compile and database)", 6, total, "bytes")])


def workload_commands(bench):
    calls = bench.times(200_000, least=2000)
    return {
        "64-byte read and write": lambda: [bench.program("calls"), "rw", calls],
        "mixed calls in a loop": lambda: [bench.program("calls"), "mixed", calls],
        "compile": lambda: workloads.compile_command(bench),
        "database": lambda: workloads.database_command(bench),
    }


def peers_bytes(bench, command, calls):
    cells = []
    if recorders.PERF_CALLS.available(bench):
        out = bench.directory() / "perf.data"
        run([*recorders.PERF_CALLS.wrap(bench, out), *command()])
        cells.append(number(out.stat().st_size / calls))
        out.unlink()
    else:
        cells.append("")
    out = bench.directory() / "s.txt"
    run([*recorders.STRACE.wrap(bench, out), *command()])
    with out.open("rb") as text:
        lines = sum(1 for _ in text)
    cells.append(number(out.stat().st_size / lines))
    cells.append(number(zstd_size(out) / lines) if shutil.which("zstd") else "")
    out.unlink()
    return cells


def bytes_a_switch(bench):
    count = bench.times(200_000, least=500)
    command = [bench.program("ping"), count]
    table = Table("Bytes a context switch in the file", ["recorder", "switches", "bytes a switch"], [],
                  "The pipe round trips: each switch with the wake-up that led to it.")
    out = bench.directory() / "t.tarry"
    run([*recorders.TARRY_WAITS.wrap(bench, out), *command])
    info = bench.info(out)
    switches = rows(info, "switches") / 2  # a row for the thread that goes and one for that which comes
    table.rows.append([recorders.TARRY_WAITS.name, f"{switches:,.0f}", number(info["file_bytes"] / switches)])
    if recorders.PERF_SWITCHES.available(bench):
        out = bench.directory() / "perf.data"
        run([*recorders.PERF_SWITCHES.wrap(bench, out), *command])
        table.rows.append([recorders.PERF_SWITCHES.name, f"{2 * count:,.0f}", number(out.stat().st_size / (2 * count))])
        out.unlink()
    return Finding([table])


def drain(bench):
    table = Table("CPU of the recorder for each event", ["workload", "events", "drain ns", "encode and write ns"], [],
                  "From the trailer of the trace: the thread that empties the rings, and those that encode and compress.")
    worst = 0.0
    commands = {
        "64-byte read and write, level syscalls": ("syscalls", [bench.program("calls"), "rw", bench.times(1_000_000, 2000)]),
        "mixed calls, level syscalls": ("syscalls", [bench.program("calls"), "mixed", bench.times(1_000_000, 2000)]),
        "pipe round trips, level waits": ("waits", [bench.program("ping"), bench.times(200_000, 500)]),
    }
    for name, (level, command) in commands.items():
        out = bench.directory() / "t.tarry"
        run([bench.tarry, "record", "-q", "-o", out, "--level", level, "--", *command])
        info = bench.info(out)
        out.unlink()
        events = rows(info, *EVENTS)
        drain_ns = info["cost"]["drain_cpu_ns"] / events
        worst = max(worst, drain_ns)
        table.rows.append([name, f"{events:,}", number(drain_ns), number(info["cost"]["encode_cpu_ns"] / events)])
    return Finding([table], [Verdict("drain thread: CPU for an event, worst of three workloads", 200, worst, "ns")])
