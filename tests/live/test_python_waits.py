"""Wait oracle with ordinary Python programs (python_waits.py): each says what it waited for, and the trace has to
say the same, at both levels."""
import pathlib
import subprocess
import sys

import harness
import test_waits

PROGRAM = pathlib.Path(__file__).resolve().parent / "python_waits.py"
PYTHON = "/usr/bin/python3"
# Between the call and the readings of the clock around it stand lines of Python and the interpreter lock, which
# another thread may keep for 5 ms (sys.getswitchinterval).
SLACK_NS = 12 * harness.MS


class PythonWaitsTest(harness.LiveTest):
    def test_every_case_at_both_levels(self):
        usage = subprocess.run([PYTHON, PROGRAM], capture_output=True, text=True, check=False).stderr
        cases = usage.rpartition(" ")[2].strip().split("|")
        self.assertGreater(len(cases), 20, usage)
        for name in cases:
            for level in ("syscalls", "waits"):
                with self.subTest(case=name, level=level):
                    self.check(name, level)

    def check(self, name, level):
        wrong = ["not recorded"]
        for _ in range(test_waits.RECORDINGS):
            recorded = self.record(PYTHON, PROGRAM, name, level=level, cwd=self.directory)
            said = recorded.json_lines()
            for line in said:
                if line.get("fact") == "skip":
                    self.skip_loudly(line["why"])
            self.assertTrue(said, "the program noted no waits")
            rows = recorded.query(test_waits.ROWS)
            wrong = [f"{wait['label']}: {'; '.join(found)}"
                     for wait in said if (found := test_waits.differences(rows, wait, level, SLACK_NS))]
            if not wrong or not harness.events_left_out(recorded):
                break
        self.assertFalse(wrong, f"\n  {name} at level {level}:\n  " + "\n  ".join(wrong))


if __name__ == "__main__":
    assert sys.version_info >= (3, 9)
    harness.main()
