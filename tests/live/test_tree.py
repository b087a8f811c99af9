"""Tree oracle: builds, shells and pools with planted sleeps, run for real. `why` of the command has to name the
sleeps deep in the tree, how long they held everything up, and add up to the command's real time. How long is
known from the order in which the program must do things: `make -j4` of eight targets that sleep
0.2 s each cannot take less than 0.4 s of sleep, nor does it need more."""
import json
import shutil
import textwrap

import harness

EARLY_NS = 2 * harness.MS  # a planted sleep is never shorter than asked, but may begin before it is waited for
SHARE_LATE = 0.15          # of the planted time: sleeps that a busy machine lets begin one after the other
RECORDINGS = 3             # again where the kernel left out scheduler events or a hypervisor took the CPU (docs/install.md)


class TreeTest(harness.LiveTest):
    def why(self, *arguments):
        done = harness.run_tarry("why", *arguments, "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        reports = json.loads(done.stdout)["reports"]
        self.assertEqual(len(reports), 1)
        return reports[0]

    def check(self, planted_ms, *command, sleeper="sleep", **how):
        """Records until the kernel kept nothing back, and compares; the least that must be slept is known."""
        for level in ("syscalls", "waits"):
            with self.subTest(level=level):
                wrong = ["not recorded"]
                for _ in range(RECORDINGS):
                    before_ns = harness.stolen_ns()
                    recorded = self.record(*command, level=level, **how)
                    wrong = self.differences(recorded, planted_ms * harness.MS, sleeper)
                    if not wrong or not harness.events_left_out(recorded) and harness.stolen_ns() == before_ns:
                        break
                self.assertFalse(wrong, f"at level {level}: " + "; ".join(wrong))

    def differences(self, recorded, planted_ns, sleeper):
        report = self.why(recorded.trace)
        wrong = []
        parts = sum(report[part] for part in ("on_cpu_ns", "waiting_ns", "idle_ns", "unknown_ns"))
        if parts != report["real_ns"]:
            wrong.append(f"parts add up to {parts} of {report['real_ns']} ns real time")
        for whole, groups in (("waiting_ns", "waits"), ("idle_ns", "idle"), ("on_cpu_ns", "on_cpu")):
            if sum(group["total_ns"] for group in report[groups]) != report[whole]:
                wrong.append(f"{groups} do not add up to {whole}")
        slept = [group for group in report["waits"] if group["kind"] == "sleep"]
        slept_ns = sum(group["total_ns"] for group in slept)
        # A child may sleep already while its parent computes, or is kept from the CPU by others.
        busy_ns = report["on_cpu_ns"] + sum(g["total_ns"] for g in report["waits"] if g["kind"] == "cpu-queue")
        if not planted_ns - EARLY_NS - busy_ns <= slept_ns <= planted_ns * (1 + SHARE_LATE) + EARLY_NS:
            others = ", ".join(f"{group['kind']} {group['total_ns'] / 1e6:.0f}" for group in report["waits"])
            wrong.append(f"sleep {slept_ns / 1e6:.1f} ms, planted {planted_ns / 1e6:.0f} (waits: {others})")
        whose = {process["comm"] for group in slept for process in group["processes"]}
        if sleeper not in whose:
            wrong.append(f"sleeps are said to be of {sorted(whose)}, not of {sleeper}")
        return wrong

    def write(self, name, text):
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def need(self, program):
        if not shutil.which(program):
            self.skip_loudly(f"{program} is not installed")

    def test_parallel_make(self):
        self.write("Makefile", """\
            all: t1 t2 t3 t4 t5 t6 t7 t8
            \tsleep 0.1
            t%:
            \tsleep 0.2; echo $@
            """)
        self.check(500, "make", "-s", "-j4", "-C", self.directory)

    def test_recursive_make_shares_the_jobserver(self):
        self.write("Makefile", """\
            .PHONY: all one two
            all: one two
            one two:
            \t+$(MAKE) -s -C $@
            """)
        for name in ("one", "two"):
            self.write(f"{name}/Makefile", """\
                all: a b
                a b:
                \tsleep 0.15
                """)
        # Four sleeps for two tokens.
        self.check(300, "make", "-s", "-j2", "-C", self.directory)

    def test_ninja(self):
        self.need("ninja")
        build = """\
            rule nap
              command = sleep 0.2 && touch $out
            rule link
              command = sleep 0.1
            build a: nap
            build b: nap
            build c: nap
            build d: nap
            build all: link a b c d
            """
        script = 'rm -f a b c d && exec ninja -j2 all'
        self.write("build.ninja", build)
        self.check(500, "sh", "-c", script, cwd=self.directory)

    def test_nested_command_substitution(self):
        self.check(300, "bash", "-c", "x=$(sleep 0.1; echo $(sleep 0.1; echo $(sleep 0.1; echo deep))); echo $x")

    def test_pipeline_is_as_slow_as_its_slowest_part(self):
        self.check(400, "bash", "-c", "(sleep 0.3; echo a) | (cat; sleep 0.1) | sort | tail -1")

    def test_background_jobs_that_are_waited_for(self):
        self.check(300, "bash", "-c", "sleep 0.1 & sleep 0.3 & sleep 0.2 & wait")

    def test_xargs_in_parallel(self):
        self.check(400, "sh", "-c", "seq 6 | xargs -P3 -n1 sh -c 'sleep 0.2; echo done'")

    def test_find_exec(self):
        for name in ("a", "b"):
            self.write(name, "")
        self.check(200, "find", self.directory, "-maxdepth", "1", "-name", "[ab]", "-exec", "sleep", "0.1", ";")

    def test_python_process_pool(self):
        script = self.write("pool.py", """\
            import multiprocessing, time
            if __name__ == "__main__":
                with multiprocessing.Pool(3) as pool:
                    pool.map(time.sleep, [0.2] * 6, chunksize=1)
            """)
        self.check(400, "/usr/bin/python3", script, sleeper="python3")

    def test_python_futures_of_processes(self):
        script = self.write("futures.py", """\
            import concurrent.futures, time
            if __name__ == "__main__":
                with concurrent.futures.ProcessPoolExecutor(2) as pool:
                    list(pool.map(time.sleep, [0.2] * 4))
            """)
        self.check(400, "/usr/bin/python3", script, sleeper="python3")

    def test_python_threads_that_run_programs(self):
        script = self.write("threads.py", """\
            import concurrent.futures, subprocess
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda s: subprocess.run(["sleep", s], check=True), ["0.2"] * 4))
            """)
        self.check(400, "/usr/bin/python3", script)

    def test_commit_with_a_slow_hook(self):
        self.need("git")
        hook = self.write("hooks/pre-commit", "#!/bin/sh\nsleep 0.2\n")
        hook.chmod(0o755)
        script = ("git init -q repo && cd repo && echo a >f && git add f && git -c core.hooksPath=../hooks"
                  " -c user.name=n -c user.email=e commit -qm m")
        self.check(200, "sh", "-c", f"rm -rf repo && {script}", cwd=self.directory)


if __name__ == "__main__":
    harness.main()
