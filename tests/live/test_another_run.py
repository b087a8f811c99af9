"""strace as oracle where it cannot trace the same run: a process has one tracer, so `tarry record --backend ptrace`
records another run of the program than strace. Programs that do the same each time make the same calls then, and
`tarry show` prints the same lines of them, thread by thread.

Addresses are the same, for nothing is placed at random (setarch -R). Threads are told by whose child they are, the
how many-eth. Where two lines have different numbers, these are ids of the same thread; whatever else may differ is listed
in VARYING. Between the lines of one run test_strace.DIFFERENCES holds. Which of several processes comes first is nobody's
choice: a thread has to do what it did in one of strace's runs, of which there are up to three.
"""
import os
import re
import shutil
import subprocess

import harness
import strace_text
import test_strace

SNAPLEN = 32
STRACE_RUNS = 3

# What no two runs have in common, and why.
VARYING = (
    (re.compile(r"(?<=/cc)\w{6}(?=\.\w+\")"), "X", "gcc's names of temporary files are made at random"),
    (re.compile(r"(?<=/tmp_obj_)\w{6}(?=\")|(?<=/\.git/t)\w{6}(?=\")"), "X", "so are git's"),
    (re.compile(r"(ru_[us]time=)\{[^}]*\}"), r"\1{}", "CPU time"),
    (re.compile(r"(?<=\"DIRC\\0\\0\\0\\2\\0\\0\\0\\1).*\"\.\.\."), "X", "git's index has times of files"),
    (re.compile(r'^write\(3, ".*", 20(?=\) = 20$)'), "write(3, X", "and at its end the sum of them"),
    (re.compile(r"tv_sec=\d+, tv_nsec=\d+(?=\}, FUTEX_BITSET_MATCH_ANY)"), "X", "a moment"),
    (re.compile(r"\{tv_sec=\d{10}, tv_nsec=\d+\} /\* [^*]* \*/"), "X", "a moment"),
    (re.compile(r"(^wait4\(-1, .* = )\d+$"), r"\1X", "which child ends first is nobody's choice"),
    (re.compile(r"^sysinfo\(\{.*\}\)"), "sysinfo(X)", "uptime, load, free memory"),
)
INTERRUPTED = re.compile(r" = \? ERESTART\w+ \(")
RANDOM_FILE = re.compile(r'openat\(AT_FDCWD, "/dev/u?random", .*\) = (\d+)$')


def new_threads(lines):
    """Ids of those that a thread made, in order."""
    for line in lines:
        made = re.match(r"(?:clone|clone3|fork|vfork)\(.*\) = (\d+)$", line)
        if made:
            yield int(made[1])


def by_descent(threads):
    """{"0.1.3": Thread}: of the first thread's second child's fourth."""
    left = list(threads)
    found = {}

    def name(thread, path):
        left.remove(thread)
        found[path] = thread
        for at, tid in enumerate(new_threads(thread.lines)):
            child = next((one for one in left if one.tid == tid), None)
            if child is not None:  # may have ended before its first call
                name(child, f"{path}.{at}")

    name(left[0], "0")
    if left:
        raise AssertionError(f"nobody has made {[thread.tid for thread in left]}")
    return found


def with_ids_of(seen, line, ids):
    """The line with its numbers replaced by those of the other where both are of the same thread."""
    numbers, others = re.split(r"(\d+)", line), re.split(r"(\d+)", seen)
    if len(numbers) == len(others):
        for at in range(1, len(numbers), 2):
            if ids.get(numbers[at]) == others[at]:
                numbers[at] = others[at]
    return "".join(numbers)


def without_varying(lines):
    random_fd = None
    for line in lines:
        # When a signal comes is nobody's choice, nor how often numbers have to be drawn.
        if line.startswith(("rt_sigreturn(", "getrandom(")) or INTERRUPTED.search(line):
            continue
        for pattern, text, _ in VARYING:
            line = pattern.sub(text, line)
        if opened := RANDOM_FILE.match(line):
            random_fd = opened[1]
        elif random_fd and line.startswith(f"read({random_fd}, "):
            line = re.sub('".*"', '"X"', line)
        yield line


def same_line(wanted, seen):
    # Killed in its call: tarry says that it is not finished, strace, that nobody knows its result.
    if wanted.endswith(" = ?") and not strace_text.RESULT.match(seen):
        return wanted.startswith(seen)
    return test_strace.same_line(wanted, seen)


def differences(wanted, seen, parents=(0, 0)):
    """{path: text}: what the threads of one run did otherwise than those of the other. `parents`: of the first ones."""
    ids = {str(thread.tid): str(seen[path].tid) for path, thread in wanted.items() if path in seen}
    ids[str(parents[0])] = str(parents[1])
    wrong = {path: "is not in both runs" for path in wanted.keys() ^ seen.keys()}
    for path in wanted.keys() & seen.keys():
        left, right = (list(without_varying(run[path].lines)) for run in (wanted, seen))
        for at, (line, other) in enumerate(zip(left, right)):
            if not same_line(with_ids_of(other, line, ids), other):
                wrong[path] = f"line {at}\n  strace: {line}\n  tarry:  {other}"
                break
        else:
            if len(left) != len(right):
                at = min(len(left), len(right))
                wrong[path] = (f"{len(left)} lines by strace, {len(right)} by tarry; the next is"
                               f" {(left if len(left) > at else right)[at]}")
    return wrong


class ComparisonTest(harness.LiveTest):
    """That nothing else passes."""
    ONE = """\
10 execve("/bin/x", ["x"], 0x7ffe /* 3 vars */) = 0
10 clone(child_stack=NULL, flags=SIGCHLD) = 11
11 getpid() = 11
11 read(3, "a", 10) = 1
10 wait4(11, [{WIFEXITED(s)}], 0, {ru_utime={tv_sec=0, tv_usec=5}, ru_stime={tv_sec=0, tv_usec=7}, ...}) = 11
"""
    OTHER = ONE.replace("10 ", "20 ").replace("11", "29").replace("tv_usec=5", "tv_usec=6").replace(', "a", 20', ', "a", 10')

    def compare(self, one, other):
        return differences(*(by_descent(strace_text.threads(text)) for text in (one, other)))

    def test_ids_and_times_may_differ(self):
        self.assertEqual(self.compare(self.ONE, self.OTHER), {})

    def test_anything_else_may_not(self):
        for before, after in (("wait4(29", "wait4(30"), ('"a", 10', '"b", 10'), ("= 1\n", "= 2\n"), ("0x7ffe", "0x7fff"),
                              ("getpid", "gettid"), ('29 read(3, "a", 10) = 1\n', "")):
            with self.subTest(before=before):
                self.assertIn(before, self.OTHER)
                self.assertEqual(len(self.compare(self.ONE, self.OTHER.replace(before, after))), 1)


class AnotherRunTest(harness.LiveTest):
    def setUp(self):
        super().setUp()
        self.work = self.directory / "work"
        self.environment = {**os.environ, "PYTHONHASHSEED": "0", "GIT_CONFIG_NOSYSTEM": "1",
                            **{f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in (
                                ("NAME", "n"), ("EMAIL", "e@x"), ("DATE", "2001-02-03T04:05:06Z"))}}

    def run_in_fresh_folder(self, *command):
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        (self.work / "a.c").write_text("#include <stdio.h>\nint main(void) { return puts(\"a\") < 0; }\n")
        with subprocess.Popen(["setarch", "-R", *map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, cwd=self.work, env=self.environment) as process:
            said = process.communicate(timeout=harness.TIMEOUT_S)
        return process.pid, (process.returncode, said[1])

    def check(self, *command, minimum, threads=1):
        trace, text = self.directory / "t.tarry", self.directory / "s.txt"
        recorder, recorded = self.run_in_fresh_folder(harness.TARRY, "record", "-q", *harness.recording(), "-s", SNAPLEN, "-o", trace,
                                            "--", *command)
        shown = harness.run_tarry("show", "--no-annotate", "--pids", "always", "-s", SNAPLEN, trace)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        seen = by_descent(strace_text.threads(shown.stdout))
        self.assertGreaterEqual(len(seen), threads)
        self.assertGreaterEqual(sum(len(thread.lines) for thread in seen.values()), minimum)
        wrong = None
        for _ in range(STRACE_RUNS):
            strace, straced = self.run_in_fresh_folder("strace", "-f", "-s", SNAPLEN, "-o", text, *command)
            self.assertEqual(recorded, straced)
            wanted = by_descent(strace_text.threads(text.read_text(errors="surrogateescape")))
            found = differences(wanted, seen, (strace, recorder))
            wrong = found if wrong is None else {path: found[path] for path in wrong if path in found}
            if not wrong:
                break
        self.assertFalse(wrong, f"{len(wrong)} of {len(seen)} threads:\n" +
                         "\n".join(f"{path}: {text}" for path, text in sorted(wrong.items())[:10]))

    def test_ls(self):
        self.check("ls", "-lR", "/usr/include/linux", minimum=1000)

    def test_git(self):
        self.check("sh", "-c", "git init -q r && cd r && echo text > file && touch -d @0 file && git add file && git commit -q -m m &&"
                   " git log --oneline", minimum=500, threads=5)

    def test_sqlite(self):
        self.check("sqlite3", "t.db", "PRAGMA journal_mode = MEMORY; CREATE TABLE t (x); BEGIN; INSERT INTO t VALUES (1); COMMIT;"
                   " BEGIN; INSERT INTO t VALUES (3); ROLLBACK; SELECT sum(x) FROM t;", minimum=150)

    def test_gcc(self):
        self.check("gcc", "-O1", "-c", "a.c", minimum=1000, threads=3)

    def test_tar_and_gzip(self):
        self.check("sh", "-c", "cp -r /usr/include/linux/netfilter t && tar --mtime=@0 -cf t.tar t && gzip -n t.tar &&"
                   " mkdir u && tar xzf t.tar.gz -C u", minimum=1500, threads=5)

    def test_pipeline_of_a_shell(self):
        self.check("sh", "-c", "(echo b; (echo a; echo $(echo c | tr c d))) | sort | (cat; wc -l) |"
                   " while read line; do echo got $line; done; exit 3", minimum=300, threads=8)

    def test_python(self):
        self.check("/usr/bin/python3", "-c", "import json, socket, subprocess\n"
                   "subprocess.run(['echo', json.dumps('x')])\n"
                   "a, b = socket.socketpair(); a.sendall(b'text'); print(b.recv(10))", minimum=500, threads=2)

    def test_commands_of_a_shell(self):
        self.check("sh", "-c", "for f in /*; do test -d $f && x=$(echo $f); done; (cd /usr; pwd); cat /etc/hostname;"
                   " printf '%s\\n' a b > /dev/null; false || exec sh -c 'exit 3'", minimum=300, threads=10)

    def test_static_binary(self):
        self.check(harness.workload("static_hello"), minimum=8)

    def test_children_of_every_kind(self):
        self.check(harness.workload("spawns"), minimum=3000, threads=61)


if __name__ == "__main__":
    harness.main()
