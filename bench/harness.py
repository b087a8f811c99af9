"""What the experiments share: where things are, running a command, interleaving, medians, tables."""
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

TIMEOUT_S = 600


class BenchError(Exception):
    """Something to tell in one line."""


@dataclasses.dataclass
class Table:
    """One table of the report: a title, the head, rows of text, and remarks below it."""
    title: str
    head: list
    rows: list
    about: str = ""
    notes: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Verdict:
    """A budget and what was measured; `unit` stands behind both numbers."""
    what: str
    limit: float
    measured: float
    unit: str
    at_least: bool = False

    @property
    def met(self):
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


@dataclasses.dataclass
class Finding:
    tables: list
    verdicts: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Bench:
    """Where things are and how much to do. `scale` 1 is the real thing, less is for trying it out;
    without `peers` only tarry is measured."""
    tarry: str
    programs: pathlib.Path
    scratch: pathlib.Path
    rounds: int = 7
    scale: float = 1.0
    peers: bool = True

    def program(self, name):
        return str(self.programs / name)

    def times(self, count, least=1):
        return max(least, int(count * self.scale))

    def directory(self):
        return pathlib.Path(tempfile.mkdtemp(dir=self.scratch))

    def info(self, trace):
        done = run([self.tarry, "info", "--format", "json", trace])
        return json.loads(done.stdout)


@dataclasses.dataclass
class Done:
    stdout: str
    seconds: float
    cpu_s: float = 0.0
    max_rss_bytes: int = 0


def run(argv, **options):
    """Runs a command to its end; its output and elapsed time."""
    argv = [str(word) for word in argv]
    begin = time.monotonic()
    options.setdefault("stdin", subprocess.DEVNULL)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", **options) as process:
        try:
            out, err = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise BenchError(f"{' '.join(argv)}: no end after {TIMEOUT_S} s") from None
    seconds = time.monotonic() - begin
    if process.returncode:
        last = err.strip().splitlines()[-1:] or ["no message"]
        raise BenchError(f"{' '.join(argv)}: exit status {process.returncode}: {last[0]}")
    return Done(out, seconds)


def run_measured(argv):
    """As run(), with CPU time and peak memory of this one command, too."""
    with tempfile.TemporaryFile("w+") as out:
        begin = time.monotonic()
        child = subprocess.Popen([str(word) for word in argv], stdout=out, stderr=subprocess.DEVNULL,
                                 stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begin
        if child.returncode:
            raise BenchError(f"{' '.join(map(str, argv))}: exit status {child.returncode}")
        out.seek(0)
        return Done(out.read(), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def interleaved(names, rounds, measure):
    """measure(name) for every name in every round, the order turned round each time, so that what the
    machine does meanwhile hits all alike. Returns name -> list of results, by round."""
    results = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            results[name].append(measure(name))
    return results


def median(values):
    return statistics.median(values)


def spread(values):
    """Half the distance of the quartiles, a robust ±."""
    if len(values) < 3:
        return 0.0
    quarter = statistics.quantiles(values, n=4)
    return (quarter[2] - quarter[0]) / 2


def cost_head(what, unit):
    """The head of the rows that cost_rows() gives."""
    return ["recorder", f"CPU {unit} {what}", "±", "added", "of bare", f"elapsed {unit}", "added"]


def cost_rows(results):
    """Rows of a table of costs, and the median CPU time by name, from (elapsed, CPU) pairs by name; one is "bare"."""
    elapsed = {name: median([value for value, _ in values]) for name, values in results.items()}
    cpu = {name: median([value for _, value in values]) for name, values in results.items()}
    rows = []
    for name, values in results.items():
        first = name == "bare"
        rows.append([name, number(cpu[name]), number(spread([value for _, value in values]), 2),
                     "" if first else number(cpu[name] - cpu["bare"]), f"{cpu[name] / cpu['bare']:.2f}",
                     number(elapsed[name]), "" if first else number(elapsed[name] - elapsed["bare"])])
    return rows, cpu


def number(value, digits=3):
    """With so many significant digits and thousands separated: 1,234, 12.3, 0.123."""
    if value == 0:
        return "0"
    whole = len(str(int(abs(value))))
    return f"{value:,.{max(0, digits - whole)}f}"
