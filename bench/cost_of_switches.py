"""What recording adds to a round trip between two processes on one CPU."""
import json

import recorders
from harness import Finding, Table, Verdict, cost_head, cost_rows, interleaved, run

ROUNDS = 200_000


def round_trips(bench):
    table = Table("Added to a pipe round trip",
                  cost_head("a round trip", "µs"), [],
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
    table.rows, cpu = cost_rows(results)
    waits = cpu[recorders.TARRY_WAITS.name]
    # Set on a machine where a bare round trip took 4.2 µs; see cost_of_calls.py on ratios.
    return Finding([table], [
        Verdict("level waits: a pipe round trip, of bare", (4.2 + 1.0) / 4.2, waits / cpu["bare"], "×"),
        Verdict("level waits: added to a pipe round trip", 1.0, waits - cpu["bare"], "µs")])
