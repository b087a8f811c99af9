"""How fast a trace becomes a database or an answer, and whether time grows with size as it should."""
import recorders
from harness import Finding, Table, Verdict, median, number, run, run_measured
from size_and_drain import EVENTS, rows

SIZES = [250_000, 500_000, 1_000_000, 2_000_000, 4_000_000]
EVENTS_OF_WHY = 5_000_000


def _record(bench, kind, calls):
    out = bench.directory() / "t.tarry"
    run([*recorders.TARRY_SYSCALLS.wrap(bench, out), bench.program("calls"), kind, calls])
    return out


def load_rate(bench):
    table = Table("Loading into SQLite", ["trace of mixed calls", "calls", "load s", "calls a second", "with --no-args, calls a second",
                                          "database", "bytes a call"], [],
                  "`tarry load`, CPU time; with rendered arguments and indexes, and without the arguments, which is what "
                  "`tarry query FILE` loads, since it renders them on demand.")
    rate = 0.0
    for size in SIZES:
        trace = _record(bench, "mixed", bench.times(size, 2000))
        calls = rows(bench.info(trace), "syscalls")
        database = trace.with_suffix(".db")
        loads, plain = [], []
        for _ in range(min(bench.rounds, 3)):
            plain.append(run_measured([bench.tarry, "load", "-q", trace, "--no-args", "-o", database]).cpu_s)
            loads.append(run_measured([bench.tarry, "load", "-q", trace, "-o", database]).cpu_s)
        rate = calls / median(plain)
        table.rows.append([f"{trace.stat().st_size / 1e6:.1f} MB", f"{calls:,}", number(median(loads)),
                           number(calls / median(loads)), number(rate), f"{database.stat().st_size / 1e6:.0f} MB",
                           number(database.stat().st_size / calls)])
        database.unlink()
        trace.unlink()
    return Finding([table], [
        Verdict("load: system calls a second on one core, largest trace, arguments on demand", 1_000_000, rate, "calls/s",
                at_least=True)])


def why_of_many(bench):
    table = Table("`tarry why` of a large trace", ["trace", "events", "seconds", "peak memory"], [],
                  "From the file to the report, nothing cached.")
    worst = 0.0
    traces = {"system calls of one thread": _record(bench, "mixed", bench.times(EVENTS_OF_WHY, 2000))}
    out = bench.directory() / "t.tarry"
    # A round trip is two switches (a row for each side) and two wake-ups.
    run([*recorders.TARRY_WAITS.wrap(bench, out), bench.program("ping"), bench.times(EVENTS_OF_WHY // 6, 500)])
    traces["switches and wake-ups of two"] = out
    for name, trace in traces.items():
        events = rows(bench.info(trace), *EVENTS)
        runs = [run_measured([bench.tarry, "why", trace]) for _ in range(3)]
        seconds = median([done.seconds for done in runs])
        worst = max(worst, seconds * EVENTS_OF_WHY * bench.scale / events)
        table.rows.append([name, f"{events:,}", number(seconds), f"{max(done.max_rss_bytes for done in runs) / 2**20:.0f} MiB"])
        trace.unlink()
    return Finding([table], [Verdict("why of 5 M events, worst of two traces", 5, worst, "s")])
