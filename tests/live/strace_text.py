"""Reads what `strace -f -o FILE` writes: per thread, its calls as whole lines, and those as (name, result).

Forms of lines (strace(1)):

    4711  openat(AT_FDCWD, "x", O_RDONLY) = 3
    4711  read(0,  <unfinished ...>              4711  <... read resumed>"x", 1) = 1
    4711  exit_group(0) = ?                      4711  pause() = ? ERESTARTNOHAND (To be restarted …)
    4711  --- SIGCHLD {…} ---                    4711  +++ exited with 0 +++

Signals and exits are left out: strace writes them where it heard of them.
"""
import re

LINE = re.compile(r"^(\d+) +(.*)$")
RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>")
UNFINISHED = re.compile(r" ?<unfinished \.\.\.>$")
SUPERSEDED = re.compile(r"^\+\+\+ superseded by execve in pid (\d+) \+\+\+$")
ENDED = re.compile(r"^\+\+\+ (exited with|killed by) ")
# strace fills up to the column of the result, which the halves of an interrupted line have lost.
PADDING = re.compile(r"\) += (?=[-?0-9])")
# The last " = " of the line that is followed by a result; strings may contain others.
RESULT = re.compile(r".*\) += (\?|-?\d+|0x[0-9a-f]+)(?: (E[A-Z0-9_]+)\b.*| \(.*| .*|)$", re.S)
CALL = re.compile(r"^(\w+)\(")


class StraceError(Exception):
    pass


class Thread:
    """One life of a thread id."""

    def __init__(self, tid):
        self.tid = tid
        self.lines = []
        self.ended = False
        self.pending = None  # where in lines the call that has not returned is


def threads(text):
    """[Thread, …] in the order in which strace first saw them. Their lines are whole: the halves of a call are
    put together, and stand where the call began, without the filling in front of the equals sign."""
    found, current = [], {}

    def thread_of(tid):
        if tid not in current or current[tid].ended:
            current[tid] = Thread(tid)
            found.append(current[tid])
        return current[tid]

    for line in text.splitlines():
        match = LINE.match(line)
        if not match:
            raise StraceError(f"no thread id in: {line}")
        thread, rest = thread_of(int(match.group(1))), match.group(2)
        superseded = SUPERSEDED.match(rest)
        if superseded:
            # An execve of another thread returns as the leader, and what the leader was in never returns.
            caller = current[int(superseded.group(1))]
            caller.ended = True
            thread.pending = len(thread.lines)
            thread.lines.append(caller.lines.pop(caller.pending))
            continue
        if ENDED.match(rest):
            thread.ended = True
            continue
        # "[ Process PID=… runs in 32 bit mode. ]"; "???": the thread died before strace knew the call
        if rest.startswith(("---", "+++", "[ Process PID=", "???")):
            continue
        resumed = RESUMED.match(rest)
        if resumed:
            if thread.pending is None or not thread.lines[thread.pending].startswith(resumed.group(1) + "("):
                raise StraceError(f"resumed without having been begun: {line}")
            at, thread.pending = thread.pending, None
            rest = thread.lines[at] + rest[resumed.end():]
        else:
            if not CALL.match(rest):
                raise StraceError(f"neither call nor event: {line}")
            at = len(thread.lines)
            thread.lines.append("")
        if UNFINISHED.search(rest):
            thread.pending = at
            rest = UNFINISHED.sub("", rest)
        thread.lines[at] = PADDING.sub(") = ", rest)
    return [thread for thread in found if thread.lines]


def name_and_result(line):
    """A result is a number as the kernel returned it, an error's name, or None where the call did not return."""
    name = CALL.match(line).group(1)
    match = RESULT.match(line)
    if not match:
        return name, None
    value, error = match.groups()
    if value == "?" or error and value == "-1":
        return name, error
    if value.startswith("0x"):
        number = int(value, 16)
    elif len(value) > 1 and value[0] == "0":
        number = int(value, 8)  # umask
    else:
        number = int(value)
    return name, number - (1 << 64) if number >= 1 << 63 else number
