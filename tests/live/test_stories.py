"""The story's programs, recorded now: the report of `run` names the cause, and hand-written SQL agrees."""
import json
import pathlib
import re
import socket

import harness

SAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "sample_traces"


class StoryTest(harness.LiveTest):
    def run_story(self, *command):
        done = harness.run_tarry("run", *harness.recording(), "-o", "t.tarry", "--", *command, cwd=self.directory)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr, self.directory / "t.tarry"

    def why_json(self, trace):
        done = harness.run_tarry("why", trace, "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def conclusion(self, report):
        return next(line for line in report.splitlines() if line.lstrip().startswith("→"))

    def test_slow_server(self):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", 5000))
            except OSError:
                self.skip_loudly("port 5000 is in use")
        report, trace = self.run_story("python3", SAMPLES / "mystery_1.py")
        self.assertIn("127.0.0.1:5000", self.conclusion(report))
        line = next(line for line in report.splitlines() if line.lstrip().startswith("network"))
        self.assertRegex(line, r"(2\.\d\d s|2,?\d\d\d ms)")
        self.assertIn("127.0.0.1:5000", line)
        self.assertIn("slow_server.py", report)
        rows = harness.query(trace, """SELECT s.dur, s.role, r.remote_port FROM thread_state s
            JOIN resource r ON r.id = s.resource_id WHERE wait_kind = 'network' AND role = 'answer'""")
        self.assertEqual(len([row for row in rows if row["dur"] > 1_900_000_000 and
                              row["remote_port"] == 5000]), 1)

    def test_cpu_burner(self):
        report, trace = self.run_story("python3", SAMPLES / "mystery_2.py")
        self.assertRegex(self.conclusion(report), "comput|CPU")
        # On a busy machine it waits for a CPU, but for nothing else.
        row = harness.query(trace, """SELECT sum(iif(state IN ('running', 'runnable'), dur, 0)) AS wants_cpu,
            sum(iif(state = 'running', dur, 0)) AS running, sum(dur) AS life FROM thread_state""")[0]
        self.assertGreater(row["wants_cpu"] / row["life"], 0.75)
        self.assertGreater(row["running"], 300 * harness.MS)

    def test_writer(self):
        report, trace = self.run_story("python3", SAMPLES / "mystery_3.py")
        files = harness.run_tarry("files", trace)
        self.assertRegex(files.stdout, r"(400 MB|381(\.\d+)? MiB).*/var/tmp/mystery_3\.\w+\.data|"
                         r"/var/tmp/mystery_3\.\w+\.data.*(400 MB|381(\.\d+)? MiB)")
        row = harness.query(trace, """SELECT sum(s.bytes) AS bytes, r.path FROM syscall s
            JOIN resource r ON r.id = s.resource_id WHERE s.name = 'write' AND r.kind = 'file'
            GROUP BY r.id ORDER BY 1 DESC LIMIT 1""")[0]
        self.assertEqual(row["bytes"], 400_000_000)
        self.assertRegex(report, "mystery_3|write")

    def test_bash_start_up_files(self):
        for how, read, not_read in (("login", ".bash_profile", ".bashrc"),
                                    ("interactive", ".bashrc", ".bash_profile")):
            with self.subTest(how=how):
                _, trace = self.run_story("sh", SAMPLES / "bash_startup.sh", how)
                files = harness.run_tarry("files", trace)
                self.assertEqual(files.returncode, 0, files.stderr)
                rows = harness.query(trace, f"""SELECT s.path, s.errno FROM syscall s JOIN thread t USING (utid)
                    JOIN process p USING (upid) WHERE s.name = 'openat' AND p.comm = 'bash'
                    AND s.path LIKE '/tmp/bash_startup.%'""")
                names = [row["path"].rpartition("/")[2] for row in rows]
                self.assertEqual(names, [read])
                self.assertRegex(files.stdout, rf"/tmp/bash_startup\.\w+/{re.escape(read)}\b")

    def test_sums_add_up_to_the_real_time(self):
        _, trace = self.run_story("sh", "-c", "sleep 0.1; x=$(sleep 0.1; echo a | (sleep 0.1; cat)); echo $x")
        why = self.why_json(trace)
        text = json.dumps(why)
        self.assertIn("sleep", text)
        report = harness.run_tarry("why", trace).stdout
        # The answer is three sleeps deep in the tree, not "waiting for a child" or "for a pipe".
        line = next(line for line in report.splitlines() if line.lstrip().startswith("sleep"))
        match = re.search(r"([\d.]+) (ms|s)\b", line)
        milliseconds = float(match.group(1)) * (1000 if match.group(2) == "s" else 1)
        self.assertAlmostEqual(milliseconds, 300, delta=15)


if __name__ == "__main__":
    harness.main()
