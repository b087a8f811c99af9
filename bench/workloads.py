"""Real programs under each recorder: a compile, a database, a web server under load."""
import json
import re
import shutil
import socket
import subprocess
import time

import recorders
from harness import BenchError, Finding, Table, interleaved, median, number, run

SOURCES = 12
TRANSACTIONS = 1500
REQUEST_SECONDS = 2


def compile_command(bench):
    """make -j2 of small C programs that include much, in a new directory."""
    where = bench.directory()
    count = bench.times(SOURCES)
    names = [f"unit{i}" for i in range(count)]
    for name in names:
        (where / f"{name}.c").write_text(
            "#define _GNU_SOURCE\n#include <pthread.h>\n#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n"
            "#include <string.h>\n#include <sys/socket.h>\n"
            f"int {name}(int n) {{ int s = 0; for (int i = 0; i < n; i++) s += (int)strlen(getenv(\"HOME\")); "
            'printf("%d\\n", s); return s; }\n')
    (where / "Makefile").write_text(
        f"libunits.a: {' '.join(name + '.o' for name in names)}\n\tar rcs $@ $^\n"
        "%.o: %.c\n\tcc -O2 -c -o $@ $<\n")
    return ["make", "-s", "-j2", "-C", where]


def database_command(bench):
    """A transaction a row in SQLite, without waiting for the disk, so that the calls are what counts."""
    where = bench.directory()
    script = where / "script.sql"
    with script.open("w") as out:
        out.write("PRAGMA synchronous=OFF; CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT);\n")
        for i in range(bench.times(TRANSACTIONS)):
            out.write(f"INSERT INTO t VALUES({i}, 'row number {i}');\n")
    return ["sqlite3", where / "bench.db", f".read {script}"]


def _timed(bench, recorder, command):
    """Elapsed seconds of the command itself, without the recorder's start and end."""
    where = bench.directory()
    run([*recorder.wrap(bench, where / "out"), bench.program("timed"), where / "took.json", *command])
    seconds = json.loads((where / "took.json").read_text())["ns"] / 1e9
    shutil.rmtree(where)
    return seconds


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _requests_a_second(bench, recorder):
    """nginx with one worker serving a small file, wrk asking over eight connections."""
    where, port = bench.directory(), _free_port()
    (where / "index.html").write_text("x" * 4096)
    (where / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {where}/pid; error_log {where}/error.log;\n"
        f"events {{}}\nhttp {{ access_log {where}/access.log; server {{ listen 127.0.0.1:{port}; root {where}; }} }}\n")
    command = [*recorder.wrap(bench, where / "out"), "nginx", "-p", where, "-c", where / "nginx.conf"]
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(port, server)
            seconds = max(1, int(REQUEST_SECONDS * bench.scale))
            done = run(["wrk", "-t1", "-c8", f"-d{seconds}s", f"http://127.0.0.1:{port}/index.html"])
        finally:
            if (where / "pid").exists():
                subprocess.run(["kill", "-QUIT", (where / "pid").read_text().strip()], check=False)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
    found = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    if not found:
        raise BenchError(f"wrk said nothing of requests: {done.stdout!r}")
    shutil.rmtree(where)
    return float(found.group(1))


def _wait_for(port, server):
    for _ in range(600):
        if server.poll() is not None:
            raise BenchError("nginx did not start")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise BenchError("nginx does not answer")


def real_programs(bench):
    table = Table("Real programs", ["recorder", "compile s", "of bare", "database s", "of bare", "web requests/s", "of bare"], [],
                  f"make -j2 of {bench.times(SOURCES)} C files; {bench.times(TRANSACTIONS):,} SQLite transactions without "
                  "waiting for the disk; nginx serving a 4 KiB file to wrk. The program's own elapsed time, without the "
                  f"recorder's start and end; medians of {bench.rounds} interleaved runs. The recorder, the server and "
                  "what asks it share the same CPUs.")
    by_name = {recorder.name: recorder for recorder in recorders.OF_WORKLOADS if recorder.available(bench)}
    web = bool(shutil.which("nginx") and shutil.which("wrk"))
    if not web:
        table.notes.append("nginx or wrk is missing: no web server was measured.")

    def one(name):
        recorder = by_name[name]
        return (_timed(bench, recorder, compile_command(bench)), _timed(bench, recorder, database_command(bench)),
                _requests_a_second(bench, recorder) if web else 0.0)

    results = interleaved(list(by_name), min(bench.rounds, 5), one)
    medians = {name: [median(column) for column in zip(*values)] for name, values in results.items()}
    bare = medians["bare"]
    for name, values in medians.items():
        row = [name]
        for value, base in zip(values, bare):
            row += [number(value), f"{value / base:.2f}"] if base else ["", ""]
        table.rows.append(row)
    return Finding([table])
