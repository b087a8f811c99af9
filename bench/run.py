"""Runs the experiments and writes the report; started by bench/run, which installs and builds first."""
import argparse
import os
import pathlib
import sys
import tempfile
import time

import cost_of_calls
import cost_of_ptrace
import cost_of_switches
import cost_of_tls
import loading
import report
import size_and_drain
import throughput
import workloads
from harness import Bench, BenchError

EXPERIMENTS = {
    "calls": cost_of_calls.against_peers,
    "kernel": cost_of_calls.of_the_kernel,
    "kinds": cost_of_calls.by_kind,
    "bystanders": cost_of_calls.bystanders,
    "processes": cost_of_calls.by_processes,
    "ptrace": cost_of_ptrace.against_strace,
    "tls": cost_of_tls.plaintext,
    "throughput": throughput.loopback,
    "switches": cost_of_switches.round_trips,
    "programs": workloads.real_programs,
    "call-bytes": size_and_drain.bytes_a_call,
    "switch-bytes": size_and_drain.bytes_a_switch,
    "drain": size_and_drain.drain,
    "load": loading.load_rate,
    "why": loading.why_of_many,
}


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run", description="Measures tarry against its peers.")
    parser.add_argument("--tarry", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--only", action="append", choices=list(EXPERIMENTS), metavar="NAME",
                        help="only this experiment (repeatable)")
    parser.add_argument("--list", action="store_true", help="name the experiments and end")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="interleaved runs of each (default 7)")
    parser.add_argument("--scale", type=float, default=1.0, metavar="X",
                        help="this part of the work; figures below 1 only show that it runs")
    parser.add_argument("--no-peers", action="store_true", help="measure only tarry (no perf, no strace)")
    parser.add_argument("-o", "--output", type=pathlib.Path, metavar="FILE",
                        help="write the report there (default: standard output)")
    return parser.parse_args()


def main():
    options = arguments()
    if options.list:
        print("\n".join(EXPERIMENTS))
        return 0
    if options.rounds < 1 or not 0 < options.scale <= 1:
        print("bench/run: --rounds must be 1 or more, --scale between 0 and 1", file=sys.stderr)
        return 2
    os.environ["LC_ALL"] = "C.UTF-8"
    # The distribution's programs, not shims that somebody's PATH has in front of them.
    os.environ["PATH"] = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
    findings = []
    # On a real file system: /tmp may be in memory, where writing a trace costs what it never does elsewhere.
    with tempfile.TemporaryDirectory(prefix="tarry-bench.", dir="/var/tmp") as scratch:
        bench = Bench(options.tarry, pathlib.Path(options.programs), pathlib.Path(scratch), options.rounds, options.scale,
                      not options.no_peers)
        for name in options.only or EXPERIMENTS:
            begin = time.monotonic()
            print(f"bench/run: {name} …", end="", file=sys.stderr, flush=True)
            try:
                findings.append(EXPERIMENTS[name](bench))
            except BenchError as error:
                print(f" failed\nbench/run: {name}: {error}", file=sys.stderr)
                return 1
            print(f" {time.monotonic() - begin:.0f} s", file=sys.stderr)
    text = report.page(findings)
    if options.output:
        options.output.write_text(text)
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
