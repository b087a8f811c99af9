"""Writes what was found as one markdown page."""
import datetime
import os
import pathlib
import platform
import re
import shutil
import subprocess

from harness import number

HEAD = """# Benchmarks

What recording costs, how large traces are and how fast they are read, against the tools tarry replaces. This page
is written by

```
bench/run
```

which installs and builds what it needs, and takes some 20 minutes; `bench/run --only NAME` runs one of the
experiments, `bench/run --list` names them. All runs of one table were interleaved on one machine, so compare
within a table rather than with figures from elsewhere.
"""


def first_line(argv):
    if not shutil.which(argv[0]):
        return "not installed"
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().splitlines()[0]


def machine():
    cpu = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"^MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text(), re.M)
    virtual = " (virtual machine)" if "hypervisor" in pathlib.Path("/proc/cpuinfo").read_text() else ""
    os_name = re.search(r'^PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text(), re.M)
    return [
        ["processor", f"{cpu.group(1) if cpu else platform.machine()}, {len(os.sched_getaffinity(0))} CPUs{virtual}"],
        ["memory", f"{int(memory.group(1)) / 2**20:.0f} GiB"],
        ["system", f"{os_name.group(1) if os_name else 'Linux'}, kernel {platform.release()}"],
        ["peers", ", ".join([first_line(["strace", "--version"]).replace(" -- version", ""), first_line(["perf", "--version"]),
                             "sqlite3 " + first_line(["sqlite3", "--version"]).split()[0]])],
        ["date", datetime.date.today().isoformat()],
    ]


def markdown_table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def verdict_row(verdict):
    bound = "at least " if verdict.at_least else "at most "
    return [verdict.what, f"{bound}{number(verdict.limit)} {verdict.unit}", f"{number(verdict.measured)} {verdict.unit}",
            "met" if verdict.met else "**missed**"]


def page(findings):
    parts = [HEAD, "## Machine\n", markdown_table(["", ""], machine()), ""]
    verdicts = [verdict for finding in findings for verdict in finding.verdicts]
    if verdicts:
        parts += ["## Budgets\n", markdown_table(["budget", "limit", "measured", ""], map(verdict_row, verdicts)), ""]
    for finding in findings:
        for table in finding.tables:
            parts += [f"## {table.title}\n"]
            parts += [table.about + "\n"] if table.about else []
            parts += [markdown_table(table.head, table.rows), ""]
            parts += [note + "\n" for note in table.notes]
    return "\n".join(parts).rstrip() + "\n"
