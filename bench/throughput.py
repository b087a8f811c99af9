"""What a connection carries while what it carries is recorded."""
import json

from harness import Finding, Table, Verdict, interleaved, median, number, run

BYTES = 1 << 30


def loopback(bench):
    size = bench.times(BYTES, least=1 << 20)

    def recorded(*flags):
        return [bench.tarry, "record", "-q", "-o", bench.directory() / "out", *flags, "--"]

    ways = {"bare": [],
            "tarry, level waits": recorded("--level", "waits"),
            "tarry, --snaplen 0": recorded("--snaplen", "0"),
            "tarry, --snaplen 256": recorded("--snaplen", "256"),
            "tarry, --packets": recorded("--snaplen", "0", "--packets")}
    results = interleaved(list(ways), bench.rounds,
                          lambda name: json.loads(run([*ways[name], bench.program("stream"), size]).stdout)["ns"])
    # Both ends and the recorder share the CPUs, and where the scheduler puts them changes a run by half: of such
    # figures each round's own ratio says more than the ratio of medians.
    bare = results["bare"]
    lost = {name: 100 * (1 - median([base / value for base, value in zip(bare, values)])) for name, values in results.items()}
    table = Table("Throughput of a loopback connection", ["recorder", "MB/s", "less than bare, %"],
                  [[name, number(size * 1000 / median(values)), "" if name == "bare" else number(lost[name])]
                   for name, values in results.items()],
                  f"{size / 1e6:,.0f} MB through TCP, 64 KiB a call, the other end is a process of its own, recorded too; "
                  f"medians of {bench.rounds} interleaved runs, and of the ratios of each round.")
    return Finding([table], [Verdict("throughput lost at --snaplen 0", 5, lost["tarry, --snaplen 0"], "%"),
                             Verdict("throughput lost at --snaplen 256", 15, lost["tarry, --snaplen 256"], "%")])
