"""`tarry show` against strace's text: tarry records `strace -f -s 32` with --snaplen 32, both see the very
same run, and every line of every traced thread has to be the same.

Signals and exits are left out (strace writes them where it heard of them), the halves of a call that
strace splits are put together, and the filling in front of the equals sign is dropped. Otherwise a
line may differ only as DIFFERENCES says. Addresses are compared too, where tarry has them: it keeps
none of pointers that only lead to what it prints, and shows "0x..." for one hexadecimal number.
"""
import platform
import re
import unittest

import harness

SNAPLEN = 32

LINE = re.compile(r"^(\d+) +(.*)$")
RESUMED = re.compile(r"^<\.\.\. \w+ resumed>")
UNFINISHED = re.compile(r" ?<unfinished \.\.\.>$")
SUPERSEDED = re.compile(r"^\+\+\+ superseded by execve in pid (\d+) \+\+\+$")
# strace fills up to the column of the result, which the halves of an interrupted line have lost.
PADDING = re.compile(r"\) += (?=[-?0-9])")


# (call, what strace's line is rewritten by, why the two differ)
DIFFERENCES = (
    ("ioctl", lambda line: re.sub(r"(, )[A-Z_0-9]+ or (T)", r"\1\2", line),
     "strace names every driver's request of that number, tarry the one of terminals"),
    ("msgrcv", lambda line: re.sub(r'(\\0)+"}', r'\\0"}', line),
     "strace prints the whole buffer, tarry the message that was received"),
)

# A thread that is killed in a call: ptrace does not see the call return any more ("= ?"), the kernel does.
KILLED = re.compile(r" = (\?|0|\? ERESTART\w+ \(.*\))$")


def joined_lines(text):
    """{tid: [line, ...]}: strace -f's text with the halves of a call put together, padding gone."""
    lines, pending = {}, {}
    for line in text.splitlines():
        tid, rest = LINE.match(line).groups()
        sequence = lines.setdefault(tid, [])
        superseded = SUPERSEDED.match(rest)
        if superseded:
            pending[tid] = pending.pop(superseded.group(1))
            continue
        if rest.startswith(("---", "+++")):
            continue
        resumed = RESUMED.match(rest)
        if resumed:
            sequence, at = pending.pop(tid)
            rest = sequence[at] + rest[resumed.end():]
        else:
            at = len(sequence)
            sequence.append("")
        if UNFINISHED.search(rest):
            pending[tid] = (sequence, at)
            rest = UNFINISHED.sub("", rest)
        sequence[at] = rest
    return {tid: [PADDING.sub(") = ", line) for line in sequence] for tid, sequence in lines.items()}


def same(wanted, seen):
    if wanted == seen:
        return True
    if wanted.endswith(" = ?"):
        return KILLED.sub("", wanted) == KILLED.sub("", seen)
    pattern = re.compile(re.escape(seen).replace(r"0x\.\.\.", "0x[0-9a-f]+"))
    if pattern.fullmatch(wanted):
        return True
    return any(seen.startswith(call + "(" if call else "") and pattern.fullmatch(rewrite(wanted))
               for call, rewrite, _ in DIFFERENCES)


def from_traced_execve(lines):
    """strace's own child calls a little before the execve that strace shows first."""
    for at, line in enumerate(lines):
        if line.startswith("execve(") and line.endswith(" = 0"):
            return lines[at:]
    return lines


class NormalisationTest(unittest.TestCase):
    def test_halves_are_joined(self):
        text = """\
10    close(3)                          = 0
10    read(0,  <unfinished ...>
11    futex(0x1, FUTEX_WAIT, 1, NULL <unfinished ...>
10    <... read resumed>"x) = 1", 9)    = 6
11    <... futex resumed>)              = ?
11    +++ exited with 0 +++
10    --- SIGCHLD {si_signo=SIGCHLD} ---
"""
        self.assertEqual(joined_lines(text), {
            "10": ["close(3) = 0", 'read(0, "x) = 1", 9) = 6'], "11": ["futex(0x1, FUTEX_WAIT, 1, NULL) = ?"]})

    def test_only_what_is_listed_may_differ(self):
        self.assertTrue(same("read(3, 0x7ffe12, 10) = -1 EAGAIN (x)", "read(3, 0x..., 10) = -1 EAGAIN (x)"))
        self.assertFalse(same("read(3, 0x7ffe12, 10) = 0", "read(3, 0x7ffe13, 10) = 0"))
        self.assertTrue(same("pause() = ?", "pause() = ? ERESTARTNOHAND (To be restarted if no handler)"))
        self.assertFalse(same("pause() = ?", "pause() = -1 EINTR (Interrupted system call)"))
        self.assertFalse(same('read(3, "ab", 10) = 2', 'read(3, ""..., 10) = 2'))
        self.assertFalse(same("ioctl(1, TCGETS, {...}) = 0", "ioctl(1, TCSETS, {...}) = 0"))
        self.assertTrue(same("ioctl(1, SNDCTL_TMR_STOP or TCSETSW, NULL) = 0", "ioctl(1, TCSETSW, NULL) = 0"))


class SameTextTest(harness.LiveTest):
    def differences(self, *command, **how):
        text = self.directory / "s.txt"
        recorded = self.record("strace", "-f", "-s", SNAPLEN, "-o", text, *command, level="syscalls",
                               options=("--snaplen", str(SNAPLEN)), **how)
        lost = recorded.query("SELECT coalesce(sum(count), 0) AS n FROM loss")[0]["n"]
        self.assertEqual(lost, 0, "events were lost: nothing to compare")
        shown = harness.run_tarry("show", "--no-annotate", "--pids", "always", "-s", SNAPLEN, recorded.trace)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        wanted = joined_lines(text.read_text(errors="surrogateescape"))
        seen = joined_lines(shown.stdout)
        found = []
        first = next(iter(wanted))
        compared = 0
        for tid, lines in wanted.items():
            others = seen.get(tid, [])
            if tid == first:
                others = from_traced_execve(others)
            compared += len(lines)
            if len(lines) != len(others):
                found.append(f"{tid}: strace has {len(lines)} lines, tarry {len(others)}")
            found += [f"{tid} strace: {left}\n{tid} tarry:  {right}"
                      for left, right in zip(lines, others) if not same(left, right)]
        return found, compared

    def check(self, *command, minimum, **how):
        found, compared = self.differences(*map(str, command), **how)
        self.assertGreaterEqual(compared, minimum)
        self.assertFalse(found, f"{len(found)} of {compared} lines differ:\n" + "\n".join(found[:20]))

    def test_calls_with_structures(self):
        self.check(harness.workload("rich_calls"), minimum=200, cwd=self.directory)

    def test_sockets_and_polling(self):
        self.check(harness.workload("rich_sockets"), minimum=100, cwd=self.directory)

    def test_calls_of_32_bits(self):
        if platform.machine() != "x86_64":
            self.skip_loudly("only x86-64 has a 32-bit gate")
        self.check(harness.workload("rich_int80"), minimum=30, cwd=self.directory)

    def test_ls(self):
        tree = self.directory / "tree"
        for name in ("a", "b/c", "b/d"):
            (tree / name).mkdir(parents=True)
            (tree / name / "file with a rather long name that is cut").write_text("x")
        (tree / "link").symlink_to("a")
        self.check("ls", "-lR", tree, minimum=100)

    def test_bash_pipeline_with_subshells(self):
        self.check("bash", "-c", "(echo b; (echo a; echo $(echo c | tr c d))) | sort | (cat; wc -l) |"
                   " while read line; do echo got $line; done; wait", minimum=300)

    def test_python_children_and_sockets(self):
        self.check("python3", "-c", "import json, socket, subprocess\n"
                   "print(json.dumps(subprocess.run(['echo', 'x'], capture_output=True, text=True).stdout))\n"
                   "a, b = socket.socketpair(); a.sendall(b'text'); print(b.recv(10))", minimum=500)

    def test_refused_connection(self):
        self.check("python3", "-c", "import socket, select\n"
                   "s = socket.socket(); s.setblocking(False); s.connect_ex(('127.0.0.1', 1))\n"
                   "p = select.poll(); p.register(s, 0x105); p.poll(); s.getsockopt(1, 4)", minimum=300)

    def test_git(self):
        self.check("sh", "-c", "git init -q r && cd r && echo text > file && git add file &&"
                   " git -c user.name=n -c user.email=e@x commit -q -m m", minimum=500, cwd=self.directory)

    def test_gcc(self):
        (self.directory / "a.c").write_text("#include <stdio.h>\nint main(void) { return puts(\"a\") < 0; }\n")
        self.check("gcc", "-O1", "a.c", "-o", "a", minimum=1000, cwd=self.directory)


if __name__ == "__main__":
    harness.main()
