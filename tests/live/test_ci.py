#!/usr/bin/env python3
"""tarry run --ci, --budget and --best-effort: exit statuses, silence, what is printed and kept."""
import json
import os
import shutil

import harness
from test_bad_input import as_nobody


class CiTest(harness.LiveTest):
    def run_ci(self, *words, **how):
        how.setdefault("cwd", self.directory)
        how.setdefault("env", {k: v for k, v in os.environ.items() if k != "GITHUB_STEP_SUMMARY"})
        return harness.run_tarry("run", "--ci", "--max-size", "50M", *words, **how)

    def traces(self):
        return sorted(path.name for path in self.directory.glob("*.tarry"))

    def test_success_is_quiet_and_leaves_nothing(self):
        for budgets in ((), ("--budget", "real=50s,network=10s", "--budget", "cpu=50s")):
            done = self.run_ci(*budgets, "--", "sh", "-c", "echo out; echo err >&2")
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "out\n", "err\n"))
            self.assertEqual(self.traces(), [])

    def test_the_trace_of_a_success_is_kept_on_request(self):
        for words in (("--keep",), ("-o", "chosen.tarry")):
            self.assertEqual(self.run_ci(*words, "--", "true").stderr, "")
        self.assertEqual(self.traces(), ["chosen.tarry", "true.tarry"])

    def test_failure_is_explained_and_its_trace_kept(self):
        job = self.directory / "job.md"
        job.write_text("before\n")
        done = self.run_ci("--", "sh", "-c", "sleep 0.05; exit 3", env={**os.environ, "GITHUB_STEP_SUMMARY": str(job)})
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"^### `sh -c 'sleep 0.05; exit 3'` failed with exit status 3 after ")
        self.assertIn("| sleep 0.05, pid ", done.stderr)
        self.assertIn("Trace: `sh.tarry`", done.stderr)
        self.assertEqual(self.traces(), ["sh.tarry"])
        self.assertEqual(job.read_text(), "before\n" + done.stderr + "\n")

    def test_an_unwritable_job_summary_fails_nothing(self):
        done = self.run_ci("--", "false", env={**os.environ, "GITHUB_STEP_SUMMARY": "/nonexistent/job.md"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent/job.md", done.stderr)

    def test_the_summary_goes_to_a_file(self):
        done = self.run_ci("--report", "report.md", "--", "false")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("failed with exit status 1", (self.directory / "report.md").read_text())

    def test_missed_budget(self):
        done = self.run_ci("--budget", "real=1us,sleep=1h", "--", "sleep", "0.05")
        self.assertEqual(done.returncode, 124)
        self.assertIn("is over its budget", done.stderr)
        self.assertRegex(done.stderr, r"\| real \| [^|]+ \| 1\.00 µs \| missed \|")
        self.assertRegex(done.stderr, r"\| sleep \| [^|]+ \| [^|]+ \| kept \|")
        self.assertEqual(self.traces(), ["sleep.tarry"])

    def test_a_failure_wins_over_a_missed_budget(self):
        done = self.run_ci("--budget", "real=1us", "--", "sh", "-c", "exit 5")
        self.assertEqual(done.returncode, 5)
        self.assertIn("| missed |", done.stderr)

    def test_a_signal_is_passed_on(self):
        done = self.run_ci("--budget", "real=1us", "--", "sh", "-c", "kill -KILL $$")
        self.assertEqual(done.returncode, 128 + 9)
        self.assertIn("was ended by SIGKILL", done.stderr)

    def test_budgets_are_what_time_says(self):
        done = harness.run_tarry("run", "-q", "-o", "t.tarry", "--budget", "cpu=1ns,sleep=1us", "--", "sleep", "0.03",
                                 cwd=self.directory)
        self.assertEqual(done.returncode, 124)
        lines = done.stderr.splitlines()
        self.assertEqual([line.split(" took ")[0] for line in lines],
                         ["tarry: over budget: cpu", "tarry: over budget: sleep"])
        trace = self.directory / "t.tarry"
        times = {row["name"]: row["ns"] for row in json.loads(
            harness.run_tarry("time", trace, "--format", "json").stdout)}
        gate = harness.run_tarry("summary", trace, "--format", "json", "--budget", "real=1ns,cpu=1h,sleep=1us")
        self.assertEqual(gate.returncode, 124)
        document = json.loads(gate.stdout)
        self.assertEqual([budget["measured_ns"] for budget in document["budgets"]],
                         [times["real"], times["CPU time"], times["sleep"]])
        self.assertEqual([budget["missed"] for budget in document["budgets"]], [True, False, True])

    def test_a_bad_budget_runs_nothing(self):
        done = self.run_ci("--budget", "rael=1s", "--", "touch", "ran")
        self.assert_one_clear_line(done, "rael", status=125)
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_a_recording_that_ended_early_says_what_it_judged(self):
        done = self.run_ci("--for", "20ms", "--budget", "real=10s", "--", "sleep", "0.3")
        self.assertEqual(done.returncode, 0)
        self.assert_one_line(done, "ended before the command")

    def assert_one_line(self, done, words):
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(words, done.stderr)


class BestEffortTest(harness.LiveTest):
    def setUp(self):
        super().setUp()
        # The binary may lie where nobody may not go.
        shutil.copy(harness.TARRY, self.directory / "tarry")
        self.directory.chmod(0o755)

    def test_without_rights_the_command_runs_unrecorded(self):
        for verb in (["run"], ["run", "--ci", "--budget", "real=1ns"], ["record"]):
            with self.subTest(verb=verb):
                done = as_nobody([self.directory / "tarry", *verb, "--best-effort", "--backend", "bpf", "-o",
                                  "/dev/shm/tarry-none.tarry", "--", "sh", "-c", "echo out; exit 6"], cwd="/")
                self.assertEqual(done.returncode, 6)
                self.assertEqual(done.stdout, "out\n")
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertRegex(done.stderr, r"^tarry: not recorded: ")
                self.assertFalse(os.path.exists("/dev/shm/tarry-none.tarry"))

    def test_without_it_nothing_runs(self):
        done = as_nobody([self.directory / "tarry", "run", "--backend", "bpf", "-o", "/dev/shm/tarry-none.tarry",
                          "--", "echo", "out"], cwd="/")
        self.assertEqual((done.returncode, done.stdout), (125, ""))

    def unrecorded(self, *command):
        return harness.run_tarry("record", "--best-effort", "-o", "/nonexistent/t.tarry", "--", *command)

    def test_a_file_that_cannot_be_written(self):
        done = self.unrecorded("sh", "-c", "echo once; kill -TERM $$")
        self.assertEqual((done.returncode, done.stdout), (128 + 15, "once\n"))
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_errors_of_the_command_are_not_hidden(self):
        self.assertEqual(self.unrecorded("/nonexistent/program").returncode, 127)
        self.assertEqual(self.unrecorded("/etc/passwd").returncode, 126)
        recorded = harness.run_tarry("record", "--best-effort", "-o", self.directory / "t.tarry", "--",
                                     "/nonexistent/program")
        self.assert_one_clear_line(recorded, "/nonexistent/program", status=127)

    def test_it_records_where_it_can(self):
        done = harness.run_tarry("record", "--best-effort", "-q", "-o", self.directory / "t.tarry", "--", "true")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue((self.directory / "t.tarry").exists())

    def test_it_needs_a_command(self):
        done = harness.run_tarry("record", "--best-effort", "-p", os.getpid())
        self.assert_one_clear_line(done, "--best-effort", status=125)


if __name__ == "__main__":
    harness.main()
