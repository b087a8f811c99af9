"""Reads what `strace -f -o FILE` writes into, per thread, the sequence of (name, result) of its calls.

A result is a number as the kernel returned it (errors: ("ENOENT")), or None where the call did
not return. Forms of lines (strace(1)):

    4711  openat(AT_FDCWD, "x", O_RDONLY) = 3
    4711  read(0,  <unfinished ...>              4711  <... read resumed>"x", 1) = 1
    4711  exit_group(0) = ?                      4711  pause() = ? ERESTARTNOHAND (To be restarted …)
    4711  --- SIGCHLD {…} ---                    4711  +++ exited with 0 +++
"""
import re

LINE = re.compile(r"^(\d+) +(.*)$")
RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$")
CALL = re.compile(r"^(\w+)\((.*)$")
SUPERSEDED = re.compile(r"^\+\+\+ superseded by execve in pid (\d+) \+\+\+$")
UNFINISHED = re.compile(r"(, | |)<unfinished \.\.\.>$")
# The last " = " of the line that is followed by a result; strings may contain others.
RESULT = re.compile(r".*\) += (\?|-?\d+|0x[0-9a-f]+)(?: (E[A-Z0-9]+)\b.*| \(.*| .*|)$", re.S)


class StraceError(Exception):
    pass


def parse_result(text):
    match = RESULT.match(text)
    if not match:
        raise StraceError(f"no result in: {text}")
    value, error = match.groups()
    if value == "?":
        return error
    if error and value == "-1":
        return error
    if value.startswith("0x"):
        number = int(value, 16)
    elif len(value) > 1 and value[0] == "0":
        number = int(value, 8)  # umask
    else:
        number = int(value)
    return number - (1 << 64) if number >= 1 << 63 else number


def parse(lines):
    """{tid: [(name, result), …]} in the order in which each thread's calls began."""
    calls = {}
    pending = {}  # tid -> its unfinished call: whose sequence, and where in it
    for line in lines:
        match = LINE.match(line.rstrip("\n"))
        if not match:
            raise StraceError(f"no thread id in: {line}")
        tid, rest = int(match.group(1)), match.group(2)
        sequence = calls.setdefault(tid, [])
        superseded = SUPERSEDED.match(rest)
        if superseded:  # an execve of another thread returns as the leader
            pending[tid] = pending.pop(int(superseded.group(1)))
            continue
        if rest.startswith(("---", "+++")):
            continue
        resumed = RESUMED.match(rest)
        if resumed:
            sequence, at = pending.pop(tid)
            if UNFINISHED.search(rest):  # "<... exit resumed> <unfinished ...>"
                continue
            if sequence[at][0] != resumed.group(1):
                raise StraceError(f"resumed without having been begun: {line}")
            sequence[at] = (sequence[at][0], parse_result(rest))
            continue
        call = CALL.match(rest)
        if not call:
            if rest.startswith("???"):  # strace saw the thread die before it knew the call
                continue
            raise StraceError(f"neither call nor event: {line}")
        if UNFINISHED.search(rest):
            pending[tid] = (sequence, len(sequence))
            sequence.append((call.group(1), None))
        else:
            sequence.append((call.group(1), parse_result(rest)))
    return calls
