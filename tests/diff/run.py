#!/usr/bin/env python3
"""Diff tests: what tarry prints about the sample traces, against what it should print.

    run.py --tarry build/dev/cli/tarry            # every case
    run.py --tarry … mystery_1.why                # one, or several by a glob
    run.py --tarry … --update                     # rewrite expected/, then read `git diff`

A case is a line of cases.txt. Output and exit status have to be the same to the letter, so an
expected file starts with the exit status where that is not 0, and errors are part of it.
"""
import argparse
import difflib
import fnmatch
import os
import pathlib
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SAMPLES = HERE.parent.parent / "sample_traces"

# Nothing of the terminal or of the user may show in the output.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "COLUMNS": "100",
    "NO_COLOR": "1",
}


def read_cases():
    for line in (HERE / "cases.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, arguments = line.partition(": ")
            yield name, shlex.split(arguments)


def output_of(tarry, arguments):
    keep = {k: v for k, v in os.environ.items() if k.startswith(("ASAN_", "UBSAN_", "TSAN_"))}
    done = subprocess.run([tarry, *arguments], cwd=SAMPLES, env={**keep, **ENVIRONMENT},
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    text = done.stdout.decode(errors="backslashreplace")
    if done.stderr:
        text += "--- stderr\n" + done.stderr.decode(errors="backslashreplace")
    if done.returncode:
        text = f"--- exit status {done.returncode}\n" + text
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tarry", default=os.environ.get("TARRY"), help="the binary to test")
    parser.add_argument("--update", action="store_true", help="rewrite the expected files")
    parser.add_argument("cases", nargs="*", help="names or globs; default all")
    options = parser.parse_args()
    if not options.tarry:
        parser.error("--tarry BINARY is needed")
    tarry = str(pathlib.Path(options.tarry).resolve())

    chosen = [(name, arguments) for name, arguments in read_cases()
              if not options.cases or any(fnmatch.fnmatch(name, glob) for glob in options.cases)]
    if not chosen:
        sys.exit(f"run.py: no case is called {' or '.join(options.cases)}")

    failed = []
    for name, arguments in chosen:
        expected_file = HERE / "expected" / f"{name}.txt"
        seen = output_of(tarry, arguments)
        expected = expected_file.read_text() if expected_file.exists() else ""
        if options.update:
            expected_file.parent.mkdir(exist_ok=True)
            if seen != expected or not expected_file.exists():
                expected_file.write_text(seen)
                print("updated", expected_file.relative_to(HERE))
        elif seen != expected or not expected_file.exists():
            failed.append(name)
            print(f"FAILED {name}: tarry {shlex.join(arguments)}")
            sys.stdout.writelines(difflib.unified_diff(
                expected.splitlines(keepends=True), seen.splitlines(keepends=True),
                "expected", "printed", n=2))
            print()
    if not options.update:
        print(f"{len(chosen) - len(failed)} of {len(chosen)} diff tests passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
