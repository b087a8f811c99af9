"""What a connection carries while what it carries is recorded."""
import json
import pathlib

from harness import Finding, Table, Verdict, interleaved, median, number, run

BYTES = 4 << 30  # the shorter, the more a run depends on what else the machine does


def loopback(bench):
    size = bench.times(BYTES, least=1 << 20)
    recorders = {"bare": None,
                 "tarry, level waits": ["--level", "waits"],
                 "tarry, --snaplen 0": ["--snaplen", "0"],
                 "tarry, --snaplen 256": ["--snaplen", "256"],
                 "tarry, --packets": ["--snaplen", "0", "--packets"]}

    def nanoseconds(way):
        recorder, pinned = way
        command = [*(["taskset", "-c", "0"] if pinned else []), bench.program("stream"), size]
        if recorders[recorder] is not None:
            command = [bench.tarry, "record", "-q", "-o", bench.directory() / "out", *recorders[recorder], "--", *command]
        return json.loads(run(command).stdout)["ns"]

    results = interleaved([(name, pinned) for name in recorders for pinned in (False, True)], bench.rounds, nanoseconds)

    # Where the scheduler puts both ends and the recorder changes a run by a third: of such figures each round's own
    # ratio says more than the ratio of medians.
    def lost(name, pinned):
        return 100 * (1 - median([base / value for base, value in zip(results["bare", pinned], results[name, pinned])]))

    def row(name):
        cells = [name]
        for pinned in (False, True):
            cells += [number(size * 1000 / median(results[name, pinned])), "" if name == "bare" else number(lost(name, pinned))]
        return cells

    # It decides more than anything else how fast a connection is: bbr, say, paces what it sends.
    control = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
    table = Table("Throughput of a loopback connection",
                  ["recorder", "MB/s", "less than bare, %", "both ends on one CPU, MB/s", "less than bare, %"],
                  [row(name) for name in recorders],
                  f"{size / 1e6:,.0f} MB through TCP (congestion control {control}), 64 KiB a call, the other end is a process of its own, recorded too; "
                  f"medians of {bench.rounds} interleaved runs, and of the ratios of each round.")
    return Finding([table], [Verdict(f"throughput lost at {flags}, both ends on one CPU", most, lost(f"tarry, {flags}", True), "%")
                             for flags, most in (("--snaplen 0", 5), ("--snaplen 256", 15))])
