"""What recording adds to a round trip between two processes on one CPU."""
import json

import recorders
from harness import Finding, Table, Verdict, interleaved, median, number, run, spread

ROUNDS = 200_000


def round_trips(bench):
    table = Table("Added to a pipe round trip",
                  ["recorder", "CPU µs a round trip", "±", "added", "of bare", "elapsed µs", "added"], [],
                  "Two processes on one CPU hand a byte to and fro: two switches and two wake-ups a round trip; "
                  f"CPU time of both, median of {bench.rounds} interleaved runs.")
    by_name = {recorder.name: recorder for recorder in recorders.OF_SWITCHES if recorder.available(bench)}

    def one(name):
        recorder = by_name[name]
        out = bench.directory() / "out"
        done = run([*recorder.wrap(bench, out), bench.program("ping"),
                    bench.times(ROUNDS // recorder.slowness, least=500)])
        if out.exists():
            out.unlink()
        said = json.loads(done.stdout.splitlines()[-1])
        return said["ns"] / 1000, said["cpu_ns"] / 1000

    results = interleaved(list(by_name), bench.rounds, one)
    elapsed = {name: median([value for value, _ in values]) for name, values in results.items()}
    cpu = {name: median([value for _, value in values]) for name, values in results.items()}
    for name, values in results.items():
        first = name == "bare"
        table.rows.append([name, number(cpu[name]), number(spread([value for _, value in values]), 2),
                           "" if first else number(cpu[name] - cpu["bare"]), f"{cpu[name] / cpu['bare']:.2f}",
                           number(elapsed[name]), "" if first else number(elapsed[name] - elapsed["bare"])])
    waits = cpu[recorders.TARRY_WAITS.name]
    # Set on a machine where a bare round trip took 4.2 µs; see cost_of_calls.py on ratios.
    return Finding([table], [
        Verdict("level waits: a pipe round trip, of bare", (4.2 + 1.0) / 4.2, waits / cpu["bare"], "×"),
        Verdict("level waits: added to a pipe round trip", 1.0, waits - cpu["bare"], "µs")])
