#!/usr/bin/env python3
"""install.py CMAKE BUILD: installs the build into a temporary prefix and uses what is there."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

CMAKE, BUILD = sys.argv[1:3] if len(sys.argv) > 2 else ("cmake", ".")
del sys.argv[1:3]


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.prefix = pathlib.Path(cls.folder.name)
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", cls.prefix], check=True, stdout=subprocess.DEVNULL,
                       timeout=100)
        cls.tarry = cls.prefix / "bin/tarry"

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_tarry(self, *arguments):
        return subprocess.run([self.tarry, *arguments], cwd="/", capture_output=True, text=True, timeout=30)

    def test_the_program_runs_from_there(self):
        self.assertEqual(self.run_tarry("--version").returncode, 0)

    def test_the_manual_page_is_well_formed(self):
        page = self.prefix / "share/man/man1/tarry.1"
        result = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page], capture_output=True,
                                text=True, timeout=30, env=os.environ | {"LC_ALL": "C.UTF-8"})
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertGreater(len(result.stdout), 1000)

    def test_completions_schema_and_documentation_are_there(self):
        names = ["share/tarry/trace.capnp", "share/bash-completion/completions/tarry",
                 "share/zsh/site-functions/_tarry", "share/fish/vendor_completions.d/tarry.fish",
                 "share/doc/tarry/README.md", "share/doc/tarry/LICENSE"]
        for name in names:
            self.assertGreater((self.prefix / name).stat().st_size, 0, name)

    def test_the_reports_are_those_that_the_program_lists(self):
        if "reports" not in self.run_tarry("--help").stdout:
            self.skipTest("a build without the analyzer")
        listed = self.run_tarry("reports").stdout
        files = sorted(path.stem for path in (self.prefix / "share/tarry/reports").glob("*.sql"))
        self.assertGreater(len(files), 5)
        for name in files:
            self.assertIn(name, listed)
        self.assertGreater((self.prefix / "share/tarry/schema.md").stat().st_size, 1000)


if __name__ == "__main__":
    unittest.main()
