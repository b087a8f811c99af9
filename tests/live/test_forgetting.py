"""A recorder that has seen so many files that it has forgotten most of them: see workloads/many_files.c."""

import harness

FILES = 250_000  # several epochs of recorder/raw_resource_table.h


class ForgettingTest(harness.LiveTest):
    def test_files_and_calls_that_last_longer_than_the_memory_of_files(self):
        files = self.directory / "files"
        files.mkdir()
        recorded = self.record(harness.workload("many_files"), files, FILES, level="syscalls")
        facts = {fact["fact"]: fact for fact in recorded.json_lines()}
        self.assertEqual(facts["files"]["count"], FILES)
        self.assertEqual(recorded.query("SELECT count(*) AS n FROM loss"), [{"n": 0}])

        opened = recorded.query("""
            SELECT count(*) AS calls, count(DISTINCT r.path) AS paths,
                   sum(s.path != r.path) AS wrong
            FROM syscall s JOIN resource r ON r.id = s.resource_id
            WHERE s.name = 'openat' AND s.path LIKE '%/files/file_%'""")
        self.assertEqual(opened, [{"calls": FILES, "paths": FILES, "wrong": 0}])

        for name, returns in (("ends", 1), ("stays", -1)):
            with self.subTest(read=name):
                fact = facts[name]
                self.assertEqual(recorded.query(f"""
                    SELECT s.ret, r.kind, r.inode FROM syscall s JOIN thread t USING (utid)
                    LEFT JOIN resource r ON r.id = s.resource_id
                    WHERE t.tid = {fact['tid']} AND s.name = 'read' ORDER BY s.ts DESC LIMIT 1"""),
                    [{"ret": returns, "kind": "pipe", "inode": fact["inode"]}])

        # Far below what all of them together would take. Rings count twice: they are mapped so.
        stats = {row["name"]: row["value"] for row in recorded.query("SELECT name, value FROM stats")}
        self.assertLess(stats["recorder_max_rss"] - 2 * stats["recorder_ring_bytes"], 240 << 20)


if __name__ == "__main__":
    harness.main()
