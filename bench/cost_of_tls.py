"""What it adds to a call of a TLS library that its plaintext is recorded."""
import json
import pathlib
import subprocess
import sys

from harness import Finding, Table, Verdict, interleaved, median, number, run

PROGRAM = pathlib.Path(__file__).parent / "programs" / "tls.py"
ROUNDS = 200


def plaintext(bench):
    directory = bench.directory()
    certificate = directory / "server.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "30",
                    "-keyout", directory / "key.pem", "-out", directory / "certificate.pem"],
                   check=True, capture_output=True)
    certificate.write_bytes((directory / "key.pem").read_bytes() + (directory / "certificate.pem").read_bytes())

    def recorded(snaplen):
        return [bench.tarry, "record", "-q", "-o", directory / "out", "--level", "syscalls", "--snaplen", snaplen, "--"]

    ways = {"bare": [], "tarry, --snaplen 0": recorded(0), "tarry, --snaplen 256": recorded(256)}
    command = [sys.executable, PROGRAM, certificate, bench.times(ROUNDS, least=3)]
    results = interleaved(list(ways), bench.rounds,
                          lambda name: json.loads(run([*ways[name], *command]).stdout)["ns"])
    medians = {name: median(values) for name, values in results.items()}
    added = medians["tarry, --snaplen 256"] - medians["bare"]
    table = Table("Added to a call of a TLS library", ["recorder", "ns a call", "added"],
                  [[name, number(value), "" if name == "bare" else number(value - medians["bare"])]
                   for name, value in medians.items()],
                  "SSL_write_ex and SSL_read_ex of 64 bytes in turn, by Python's ssl, over memory; the best of "
                  f"{bench.times(ROUNDS, least=3)} batches, median of {bench.rounds} interleaved runs. Most of it are the "
                  "two traps of a probed call.")
    return Finding([table], [Verdict("plaintext: added to a call of a TLS library", 2000, added, "ns")])
