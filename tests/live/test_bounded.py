"""A recording that has to stay within a size: it goes on to the end, and counts every call."""
import json

import harness

COUNTS = """
SELECT name, sum(n) AS calls, sum(errors) AS errors, sum(bytes) AS bytes FROM (
  SELECT name, 1 AS n, errno IS NOT NULL AS errors, bytes FROM syscall
  UNION ALL SELECT name, count, CASE WHEN errno IS NULL THEN 0 ELSE count END, bytes FROM fold WHERE kind = 'calls')
GROUP BY name ORDER BY name
"""


class BoundedTest(harness.LiveTest):
    def check(self, *command, max_size_kib, calls):
        recorded = self.record(*command, options=["-s", "64"], max_size=f"{max_size_kib}K", level="syscalls")
        self.assertLessEqual(recorded.trace.stat().st_size, max_size_kib * 1024)
        stats = {row["name"]: row["value"] for row in recorded.query("SELECT name, value FROM stats")}
        self.assertEqual((stats["syscalls_lost"], stats["events_lost"]), (0, 0))
        self.assertGreater(stats["syscalls_folded"], calls // 2)
        self.assertGreater(stats["payloads_left_out"], 0)
        self.assertEqual(recorded.query("SELECT value FROM meta WHERE key = 'end_reason'")[0]["value"], "target_ended")
        summary = json.loads(harness.run_tarry("summary", recorded.trace, "--format", "json").stdout)
        counts = {row["name"]: row for row in recorded.query(COUNTS)}
        self.assertEqual({call["syscall"]: (call["calls"], call["errors"]) for call in summary["calls"]},
                         {name: (row["calls"], row["errors"]) for name, row in counts.items()})
        for verb in ("why", "files", "summary"):
            self.assertIn("kept within --max-size: payload only up to ", harness.run_tarry(verb, recorded.trace).stdout)
        return counts

    def test_every_call_counts(self):
        # What is known of time alone, states and counts, also fills the file: not so many that a slow machine takes long.
        blocks, max_size_kib = (200_000, 128) if harness.BACKEND == "bpf" else (10_000, 64)
        counts = self.check("dd", "if=/dev/zero", "of=/dev/null", "bs=7", f"count={blocks}", "status=none",
                            max_size_kib=max_size_kib, calls=2 * blocks)
        self.assertEqual((counts["write"]["calls"], counts["write"]["bytes"]), (blocks, 7 * blocks))
        # The loader reads the heads of the libraries.
        self.assertIn(counts["read"]["calls"] - blocks, range(1, 10))

    def test_opened_files(self):
        """What each file was opened and read is known, though hardly a call is left."""
        paths = [self.directory / f"file{i}" for i in range(5)]
        for path in paths:
            path.write_text("text" * 25)
        program = self.directory / "opens.py"
        rounds = 5000 if harness.BACKEND == "bpf" else 500
        program.write_text(f"for i in range({rounds}):\n for path in {[str(path) for path in paths]}:\n"
                           "  with open(path, 'rb', 0) as file:\n   file.read(10)\n")
        recorded = self.record("/usr/bin/python3", program, options=["-s", "64"], max_size="128K")
        self.assertEqual(recorded.query("SELECT value FROM meta WHERE key = 'end_reason'")[0]["value"], "target_ended")
        files = json.loads(harness.run_tarry("files", recorded.trace, "--format", "json").stdout)
        read = {row["path"]: row["read_bytes"] for row in files}
        self.assertEqual({str(path): read[str(path)] for path in paths}, {str(path): 10 * rounds for path in paths})
        opened = recorded.query("SELECT sum(n) AS n FROM (SELECT count(*) AS n FROM syscall WHERE name = 'openat' AND"
                                " path LIKE '%/file_' UNION ALL SELECT sum(count) FROM fold JOIN resource r ON"
                                " r.id = resource_id WHERE fold.name = 'openat' AND r.path LIKE '%/file_')")
        self.assertEqual(opened[0]["n"], 5 * rounds)


if __name__ == "__main__":
    harness.main()
