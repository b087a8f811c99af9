"""usage: smoke_test.py RUN.PY TARRY PROGRAMS: the benchmark runs the experiments that need no peer, in
seconds, and its page has a table of plausible shape for each."""
import os
import re
import subprocess
import sys

SKIPPED = 77
EXPERIMENTS = {"calls": "Added to a system call", "switches": "Added to a pipe round trip",
               "tls": "Added to a call of a TLS library",
               "throughput": "Throughput of a loopback connection",
               "ptrace": "By ptrace: added to a call that stops",
               "switch-bytes": "Bytes a context switch", "drain": "CPU of the recorder", "why": "`tarry why`"}


def main():
    script, tarry, programs = sys.argv[1:]
    if subprocess.run([tarry, "doctor", "--backend", "bpf"], capture_output=True, check=False).returncode:
        print("SKIPPED, this machine does not allow recording", file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else SKIPPED
    only = [word for name in EXPERIMENTS for word in ("--only", name)]
    done = subprocess.run([sys.executable, "-B", script, "--tarry", tarry, "--programs", programs, "--rounds", "1",
                           "--scale", "0.002", "--no-peers", *only], capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return 1
    failures = 0
    for name, title in EXPERIMENTS.items():
        section = re.search(rf"^## {re.escape(title)}.*?(?=^## |\Z)", done.stdout, re.M | re.S)
        rows = re.findall(r"^\| (?!-).*\d.*\|$", section.group(0), re.M) if section else []
        if len(rows) < 2 and name != "switch-bytes" or not rows:
            print(f"{name}: no table with figures:\n{section and section.group(0)}", file=sys.stderr)
            failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
