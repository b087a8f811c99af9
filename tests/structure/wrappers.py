#!/usr/bin/env python3
"""wrappers.py ROOT: ./tarry and ./check on a copy of the wrappers with stand-ins for cmake and ninja."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
FOLDERS = ["cmake", "format", "recorder", "analyzer", "query", "replay", "cli"]


class Wrappers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name) / "check out"
        self.bin = pathlib.Path(folder.name) / "bin"
        self.bin.mkdir()
        for name in FOLDERS:
            (self.root / name).mkdir(parents=True)
        (self.root / "CMakeLists.txt").touch()
        shutil.copytree(ROOT / "scripts", self.root / "scripts")
        for name in ("tarry", "check", "CMakePresets.json"):
            shutil.copy(ROOT / name, self.root)
        # The stand-ins count their calls; ninja "builds" a program that prints where and how it runs.
        self.tool("cmake", 'echo "$*" >>"$ROOT/cmake.log"; mkdir -p build/release; touch build/release/build.ninja')
        self.tool("ninja", 'echo "$*" >>"$ROOT/ninja.log"; sleep 0.2; mkdir -p "$2/cli"\n'
                           'printf \'#!/bin/sh\\necho ran "$PWD" "$@"; cat\\n\' >"$2/cli/tarry"; chmod +x "$2/cli/tarry"')
        self.tool("dpkg-query", "printf installed")
        self.tool("apt-get", 'echo "$*" >>"$ROOT/apt.log"')
        self.tool("ctest", 'echo ctest "$@"')

    def tool(self, name, script):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\nset -e\n{script}\n")
        path.chmod(0o755)

    def environment(self):
        return {"PATH": f"{self.bin}:/usr/bin:/bin:/usr/sbin:/sbin", "ROOT": str(self.root), "HOME": "/nonexistent"}

    def run_script(self, name, *arguments, cwd="/", text=""):
        return subprocess.run([self.root / name, *arguments], cwd=cwd, env=self.environment(), input=text,
                              capture_output=True, text=True, timeout=60)

    def calls(self, tool):
        log = self.root / f"{tool}.log"
        return log.read_text().splitlines() if log.exists() else []

    def test_tarry_builds_once_and_runs_in_the_callers_folder(self):
        for _ in range(2):
            result = self.run_script("tarry", "a b", "-c", cwd="/usr", text="input")
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "ran /usr a b -c\ninput", ""))
        self.assertEqual(len(self.calls("cmake")), 1)
        self.assertEqual(len(self.calls("ninja")), 1)

    def test_the_compiler_cache_is_below_build_where_there_is_no_home(self):
        self.tool("ninja", 'echo "${CCACHE_DIR-none}" >>"$ROOT/ninja.log"')
        home = self.root / "home"
        home.mkdir()
        cache = str(self.root / "build/ccache")
        for own, wanted in (({}, cache), ({"HOME": str(home)}, "none"), ({"CCACHE_DIR": "/x"}, "/x")):
            subprocess.run([self.root / "tarry"], env=self.environment() | own, timeout=60, stdin=subprocess.DEVNULL,
                           capture_output=True)
            self.assertEqual(self.calls("ninja").pop(), wanted)
        self.assertFalse(os.path.exists(self.environment()["HOME"]))

    def test_tarry_builds_again_after_a_change_and_after_a_removal(self):
        source = self.root / "format/a.cc"
        source.touch()
        self.run_script("tarry")
        time.sleep(0.02)
        source.touch()
        self.run_script("tarry")
        self.assertEqual(len(self.calls("ninja")), 2)
        time.sleep(0.02)
        source.unlink()
        self.run_script("tarry")
        self.assertEqual(len(self.calls("ninja")), 3)

    def test_tarry_works_through_a_link(self):
        link = self.bin / "tarry"
        link.symlink_to(self.root / "tarry")
        result = subprocess.run([link, "x"], cwd="/", env=self.environment(), input="", capture_output=True,
                                text=True, timeout=60)
        self.assertEqual(result.stdout, "ran / x\n")

    def test_tarry_is_quick_once_built(self):
        self.run_script("tarry")
        times = []
        for _ in range(5):
            start = time.monotonic()
            self.run_script("tarry")
            times.append(time.monotonic() - start)
        self.assertLess(min(times), 0.05)

    def test_two_at_once_build_once(self):
        children = [subprocess.Popen([self.root / "tarry"], env=self.environment(), stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, text=True) for _ in range(4)]
        outputs = {child.communicate(timeout=60)[0] for child in children}
        self.assertEqual(len(outputs), 1)
        self.assertTrue(outputs.pop().startswith("ran "))
        self.assertEqual(len(self.calls("ninja")), 1)

    def test_a_failed_build_shows_its_messages_and_is_tried_again(self):
        self.tool("ninja", "echo the compiler said this; exit 1")
        for _ in range(2):
            result = self.run_script("tarry")
            self.assertEqual((result.returncode, result.stdout), (125, ""))
            self.assertIn("the compiler said this", result.stderr)
            self.assertIn("tarry: the build failed", result.stderr)

    def test_a_failed_configuration_is_tried_again(self):
        self.tool("cmake", "echo no such library; touch build/release/build.ninja; exit 1")
        result = self.run_script("tarry")
        self.assertEqual(result.returncode, 125)
        self.assertIn("no such library", result.stderr)
        self.assertFalse((self.root / "build/release/build.ninja").exists())

    def test_missing_packages_are_named_and_installed(self):
        self.tool("dpkg-query", '[ "$4" = cmake ] || printf installed')
        self.tool("sudo", 'while [ "${1#-}" != "$1" ]; do shift; done; exec "$@"')
        result = self.run_script("tarry")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "tarry: installing Debian packages: cmake\n")
        self.assertRegex(self.calls("apt")[0], r"install cmake$")

    def test_packages_that_cannot_be_installed_are_one_clear_line(self):
        self.tool("dpkg-query", '[ "$4" = cmake ] || printf installed')
        self.tool("sudo", 'while [ "${1#-}" != "$1" ]; do shift; done; exec "$@"')
        self.tool("apt-get", "echo network is down; exit 100")
        result = self.run_script("tarry")
        self.assertEqual(result.returncode, 125)
        self.assertIn("network is down", result.stderr)
        self.assertIn("apt-get install --no-install-recommends cmake", result.stderr.splitlines()[-1])

    def test_check_builds_everything_and_passes_arguments_to_ctest(self):
        (self.root / "build/release").mkdir(parents=True)
        result = self.run_script("check", "-L", "unit")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"^ctest --test-dir build/release .* -L unit\n$")
        self.assertRegex(self.calls("ninja")[0], r" all$")

    def recorded(self, tarry, ctest):
        """./check --recorded with stand-ins for both."""
        self.tool("stand-in", tarry)
        self.tool("ctest", ctest)
        self.tool("ninja", 'mkdir -p "$2/cli"; cp "$(command -v stand-in)" "$2/cli/tarry"')
        return self.run_script("check", "--recorded", "-L", "unit")

    RUNS = '[ "$1" = run ] || exit 0; while [ "$1" != -- ]; do shift; done; shift; '

    def test_check_recorded_ends_as_ctest_does(self):
        for status in (0, 8):
            result = self.recorded(self.RUNS + '"$@"', f'echo ctest "$@"; exit {status}')
            self.assertEqual(result.returncode, status)
            self.assertRegex(result.stdout, r"^ctest --test-dir build/release .* -L unit\n$")

    def test_check_recorded_does_not_fail_because_of_tarry(self):
        for tarry in ('exit 125', 'kill -KILL $$', self.RUNS + '"$@"; exit 124'):
            result = self.recorded(tarry, 'echo ctest "$@"')
            self.assertEqual((result.returncode, result.stdout.count("ctest ")), (0, 1))

    def test_check_recorded_waits_for_tests_that_outlive_the_recorder(self):
        result = self.recorded(self.RUNS + '"$@" & sleep 0.3; kill -KILL $$', 'sleep 1; echo ctest; exit 3')
        self.assertEqual((result.returncode, result.stdout), (3, "ctest\n"))

    def test_check_refuses_an_unknown_preset(self):
        result = self.run_script("check", "--preset", "nonsense")
        self.assertEqual(result.returncode, 125)
        self.assertIn("no preset 'nonsense'", result.stderr)


if __name__ == "__main__":
    unittest.main()
