"""What recording adds to a round trip between two processes on one CPU."""
import json

import recorders
from harness import Finding, Table, Verdict, interleaved, median, number, run, spread

ROUNDS = 200_000


def round_trips(bench):
    table = Table("Added to a pipe round trip", ["recorder", "µs a round trip", "±", "added µs", "of bare"], [],
                  "Two processes on one CPU hand a byte to and fro: two switches and two wake-ups a round trip; "
                  f"median of {bench.rounds} interleaved runs.")
    by_name = {recorder.name: recorder for recorder in recorders.OF_SWITCHES if recorder.available(bench)}

    def one(name):
        recorder = by_name[name]
        out = bench.directory() / "out"
        done = run([*recorder.wrap(bench, out), bench.program("ping"),
                    bench.times(ROUNDS // recorder.slowness, least=500)])
        if out.exists():
            out.unlink()
        return json.loads(done.stdout.splitlines()[-1])["ns"] / 1000

    results = interleaved(list(by_name), bench.rounds, one)
    bare = median(results["bare"])
    for name, values in results.items():
        table.rows.append([name, number(median(values)), number(spread(values), 2),
                           "" if name == "bare" else number(median(values) - bare), f"{median(values) / bare:.2f}"])
    waits = median(results["tarry, level waits"])
    return Finding([table], [
        Verdict("level waits: added to a pipe round trip", 1.0, waits - bare, "µs"),
        Verdict("level waits: a pipe round trip, times bare", (4.2 + 1.0) / 4.2, waits / bare, "×")])
