#!/usr/bin/env python3
"""command_line.py TARRY: what every verb has in common: help, hints, exit statuses, lost readers."""

import os
import subprocess
import sys
import tempfile
import unittest

TARRY = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ""

ALL_VERBS = {"run", "record", "why", "time", "summary", "show", "files", "net", "tree", "http", "grep", "dns", "info", "query", "load", "reports",
             "check", "doctor", "export", "replay"}


def run(*arguments, **options):
    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.run([TARRY, *arguments], stderr=subprocess.PIPE, text=True, timeout=30, **options)


def verbs():
    lines = run("--help").stdout.splitlines()
    return [line[11:20].strip() for line in lines if line.startswith("  ")]


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.chdir(self.folder.name)

    def assertFails(self, result, status, *texts):
        """One line on stderr with each of `texts`, nothing on stdout."""
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("tarry"), result.stderr)
        self.assertEqual(result.stdout, "")
        for text in texts:
            self.assertIn(text, result.stderr)

    def test_no_arguments_and_help_give_the_overview(self):
        for arguments in ([], ["--help"], ["-h"], ["help"]):
            result = run(*arguments)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn("example: ", result.stdout)
        self.assertIn("check", verbs())
        self.assertLessEqual(set(verbs()), ALL_VERBS)

    def test_overview_fits_a_terminal(self):
        for line in run("--help").stdout.splitlines():
            self.assertLessEqual(len(line), 100, line)

    def test_every_verb_explains_itself(self):
        for verb in verbs():
            with self.subTest(verb=verb):
                result = run(verb, "--help")
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertIn(f"usage: tarry {verb}", result.stdout)
                self.assertIn("example: ", result.stdout)
                self.assertEqual(run("help", verb).stdout, result.stdout)

    def test_every_verb_refuses_unknown_options(self):
        for verb in verbs():
            with self.subTest(verb=verb):
                own = 125 if verb in ("run", "record") else 2
                self.assertFails(run(verb, "--no-such-option-at-all"), own, "--no-such-option-at-all")

    def test_misspelt_options_and_verbs_are_guessed(self):
        self.assertFails(run("info", "--hlep"), 2, "did you mean --help?")
        self.assertFails(run("chekc"), 2, "no verb 'chekc'", "did you mean tarry check?")
        self.assertFails(run("help", "chekc"), 2, "did you mean tarry check?")
        self.assertFails(run("--frobnicate"), 2, "no option '--frobnicate'")
        self.assertFails(run("frobnicate"), 2, "no verb 'frobnicate'", "tarry --help")

    def test_a_verb_that_this_build_lacks_is_one_line_with_what_to_do(self):
        for verb in ALL_VERBS - set(verbs()):
            with self.subTest(verb=verb):
                own = 125 if verb in ("run", "record") else 1
                self.assertFails(run(verb, "cat"), own, f"tarry: no {verb}: this build of tarry ", "tarry why FILE.tarry")

    def test_the_version_names_what_a_build_lacks(self):
        version = run("--version").stdout
        self.assertEqual("(without the recorder)" in version, "run" not in verbs())
        self.assertEqual("(recorder only)" in version, "why" not in verbs())

    def test_a_command_instead_of_a_verb_suggests_run(self):
        if "run" in verbs():
            self.assertFails(run("cat", "a file"), 2, "tarry run -- cat 'a file'")

    def test_a_trace_instead_of_a_verb_suggests_why(self):
        if "why" in verbs():
            self.assertFails(run("x.tarry"), 2, "tarry why x.tarry")

    def test_a_command_instead_of_a_trace_suggests_run(self):
        for verb in verbs():
            if verb in ("run", "record", "doctor", "reports"):
                continue
            with self.subTest(verb=verb):
                extra = {"load": ["-o", "x.db"], "grep": ["x"]}.get(verb, [])
                self.assertFails(run(verb, *extra, "cat", "-n"), 2, "tarry run -- cat -n")

    def test_a_missing_trace_is_one_line(self):
        for verb in verbs():
            if verb in ("run", "record", "doctor", "reports"):
                continue
            with self.subTest(verb=verb):
                extra = {"load": ["-o", "x.db"], "grep": ["x"]}.get(verb, [])
                status = 2 if verb == "grep" else 1  # as of grep: 1 says that nothing was found
                self.assertFails(run(verb, *extra, "missing.tarry"), status, "missing.tarry")
                self.assertFalse(os.path.exists("x.db"))

    def test_version_names_the_program(self):
        self.assertRegex(run("--version").stdout, r"^tarry \d+\.\d+\.\d+")

    def test_output_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "w") as full:
            result = run("--help", stdout=full)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot write to standard output", result.stderr)

    def test_a_reader_that_goes_away_is_no_error(self):
        reader, writer = os.pipe()
        os.close(reader)
        # Python ignores SIGPIPE, and here the program inherits that: the write fails with EPIPE.
        result = run("--help", stdout=writer, restore_signals=False)
        os.close(writer)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_manual_page_names_every_verb(self):
        page = run("help", "--man").stdout
        for verb in verbs():
            self.assertIn(f'.SS "tarry {verb}"', page)

    def test_completions_are_understood_by_their_shells(self):
        for shell in ("bash", "zsh", "fish"):
            script = run("help", "--completion", shell).stdout
            for verb in verbs():
                self.assertIn(verb, script)
        bash = run("help", "--completion", "bash").stdout
        probe = bash + "\nCOMP_WORDS=(tarry che); COMP_CWORD=1; _tarry; echo ${COMPREPLY[@]}\n"
        probe += "COMP_WORDS=(tarry check --h); COMP_CWORD=2; _tarry; echo ${COMPREPLY[@]}\n"
        result = subprocess.run(["bash", "-c", probe], capture_output=True, text=True, timeout=30)
        self.assertEqual((result.stdout, result.stderr), ("check\n--help\n", ""))
        self.assertFails(run("help", "--completion", "tcsh"), 2, "tcsh")


if __name__ == "__main__":
    unittest.main()
