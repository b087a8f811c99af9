#!/usr/bin/env python3
"""package.py CPACK BUILD: makes the Debian package of a build and looks at what is in it."""

import gzip
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

CPACK, BUILD = sys.argv[1:3] if len(sys.argv) > 2 else ("cpack", ".")
del sys.argv[1:3]
SKIPPED = 77


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=100).stdout


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.folder.name)
        # Whatever the umask of who builds.
        made = subprocess.run([CPACK, "-G", "DEB", "-B", folder], cwd=BUILD, capture_output=True, text=True,
                              timeout=200, umask=0o077)
        if made.returncode:
            raise AssertionError(f"cpack failed:\n{made.stdout}{made.stderr}")
        cls.files = list(folder.glob("*.deb"))
        cls.root = folder / "root"
        subprocess.run(["dpkg-deb", "-x", cls.files[0], cls.root], check=True, timeout=60)
        cls.doc = cls.root / "usr/share/doc/tarry"

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def field(self, name):
        return output("dpkg-deb", "-f", self.files[0], name).strip()

    def test_its_name_is_debians(self):
        architecture = output("dpkg", "--print-architecture").strip()
        self.assertEqual([path.name for path in self.files],
                         [f"tarry_{self.field('Version')}_{architecture}.deb"])
        self.assertRegex(self.field("Version"), r"^\d+\.\d+\.\d+-\d+$")

    def test_it_depends_on_the_libraries_that_the_program_loads(self):
        needed = set(re.findall(r"\(NEEDED\).*\[lib([a-z]+)", output("readelf", "-dW", self.root / "usr/bin/tarry")))
        depends = self.field("Depends")
        in_package = {"brotlidec": "brotli"}  # where it is not named after the library
        for library in {in_package.get(name, name) for name in needed - {"m", "stdc", "gcc", "kj"}}:
            self.assertRegex(depends, rf"\blib{library}", depends)
        self.assertIn("bpf", needed)
        self.assertRegex(depends, r"libc6 \(>= ")
        for tool in ("python", "clang", "-dev"):
            self.assertNotIn(tool, depends)

    def test_the_program_is_stripped_and_runs(self):
        program = self.root / "usr/bin/tarry"
        self.assertNotIn(".symtab", output("readelf", "-SW", program))
        version = self.field("Version").split("-")[0]
        self.assertEqual(output(program, "--version"), f"tarry {version}\n")

    def test_it_has_what_policy_wants(self):
        notice = (self.doc / "copyright").read_text()
        self.assertIn("License: Expat\n Permission is hereby granted", notice)
        self.assertNotIn("\n\n \n", notice)
        self.assertNotIn("@", notice)
        with gzip.open(self.doc / "changelog.Debian.gz", "rt") as changelog:
            self.assertEqual(changelog.readline().split()[:2], ["tarry", f"({self.field('Version')})"])
        with gzip.open(self.root / "usr/share/man/man1/tarry.1.gz", "rt") as page:
            self.assertIn(".SH VERBS", page.read())
        self.assertFalse((self.doc / "LICENSE").exists())

    def test_documents_completions_and_reports_are_there(self):
        names = ["bash-completion/completions/tarry", "zsh/vendor-completions/_tarry",
                 "fish/vendor_completions.d/tarry.fish", "tarry/trace.capnp", "tarry/reports/signals.sql",
                 "doc/tarry/README.md", "doc/tarry/README.Debian", "doc/tarry/docs/install.md"]
        for name in names:
            self.assertGreater((self.root / "usr/share" / name).stat().st_size, 0, name)

    def test_links_between_the_documents_lead_somewhere(self):
        for page in self.doc.rglob("*.md"):
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
                # What leads into the sources leads nowhere without them.
                if target.endswith(".md") and not target.startswith(("../", "sample_traces/")):
                    self.assertTrue((page.parent / target).exists(), f"{page.name}: {target}")

    def test_everybody_can_read_it_and_nobody_gets_a_right(self):
        for path in self.root.rglob("*"):
            mode = path.stat().st_mode
            wanted = 0o755 if stat.S_ISDIR(mode) or path.parent.name == "bin" else 0o644
            self.assertEqual(stat.S_IMODE(mode), wanted, path)
        control = pathlib.Path(self.folder.name) / "control"
        subprocess.run(["dpkg-deb", "-e", self.files[0], control], check=True, timeout=60)
        self.assertEqual(sorted(os.listdir(control)), ["control", "md5sums"])

    def test_how_to_give_rights_is_told_as_doctor_tells_it(self):
        told = (self.doc / "README.Debian").read_text()
        self.assertIn("setcap cap_bpf,cap_perfmon,cap_syslog=ep ", told)
        self.assertIn("setcap cap_bpf,cap_perfmon,cap_syslog=ep ", (self.doc / "docs/install.md").read_text())
        # An invented user without rights.
        if os.geteuid() == 0 and shutil.which("setpriv"):
            os.chmod(self.folder.name, 0o755)
            doctor = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
                                     self.root / "usr/bin/tarry", "doctor"], capture_output=True, text=True, cwd="/",
                                    timeout=60).stdout
            self.assertIn(f"sudo setcap cap_bpf,cap_perfmon,cap_syslog=ep {self.root}/usr/bin/tarry", doctor)


if __name__ == "__main__":
    for tool in ("dpkg-deb", "dpkg-shlibdeps"):
        if shutil.which(tool) is None:
            print(f"SKIPPED: {tool} is missing", file=sys.stderr)
            sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)
    unittest.main()
