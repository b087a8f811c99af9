"""Bad input: each one clear line on stderr, a non-zero exit, and nothing half-done left behind."""
import json
import os
import pathlib
import shutil
import subprocess

import harness

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SAMPLE = ROOT / "sample_traces" / "mystery_1.tarry"
VERBS_OF_FILES = ("why", "time", "show", "files", "tree", "summary", "query", "info", "check")


class BadFileTest(harness.LiveTest):
    def file(self, name, content=b""):
        path = self.directory / name
        path.write_bytes(content)
        return path

    def check_verbs(self, path, *words, verbs=VERBS_OF_FILES):
        for verb in verbs:
            with self.subTest(verb=verb):
                more = ["SELECT 1"] if verb == "query" else []
                self.assert_one_clear_line(harness.run_tarry(verb, path, *more), path.name, *words, status=1)

    def test_missing(self):
        self.check_verbs(self.directory / "missing.tarry", "no such file")

    def test_empty(self):
        self.check_verbs(self.file("empty.tarry"))

    def test_foreign(self):
        self.check_verbs(self.file("foreign.tarry", b"\x7fELF" + bytes(5000)), "not a tarry trace")
        self.check_verbs(self.file("text.tarry", b"hello\n"), "not a tarry trace")

    def test_directory(self):
        self.check_verbs(self.directory)

    def test_foreign_zstd(self):
        path = self.directory / "other.zst"
        subprocess.run(["zstd", "-q", "-o", path], input=b"some text" * 100, check=True)
        self.check_verbs(path, "not a tarry trace")

    def test_unreadable(self):
        path = self.file("secret.tarry", SAMPLE.read_bytes())
        path.chmod(0o600 if os.geteuid() == 0 else 0)
        self.directory.chmod(0o755)
        # Root reads everything, so ask as nobody; the binary may lie where nobody may not go.
        shutil.copy(harness.TARRY, self.directory / "tarry")
        done = as_nobody([self.directory / "tarry", "why", path])
        self.assert_one_clear_line(done, "secret.tarry", "permission denied", status=1)

    def test_newer_format(self):
        frames = subprocess.run(["zstd", "-dcq", SAMPLE], capture_output=True, check=True).stdout
        schema = ROOT / "format" / "trace.capnp"
        blocks = subprocess.run(["capnp", "convert", "binary:json", schema, "Block"], input=frames,
                                capture_output=True, check=True).stdout
        header, _ = json.JSONDecoder().raw_decode(blocks.decode(errors="replace"))
        header["header"]["formatVersion"] = 99
        message = subprocess.run(["capnp", "convert", "json:binary", schema, "Block"],
                                 input=json.dumps(header).encode(), capture_output=True, check=True).stdout
        path = self.directory / "newer.tarry"
        self.file("newer.bin", message)  # from a file, so that the frame holds its size
        subprocess.run(["zstd", "-q", self.directory / "newer.bin", "-o", path], check=True)
        self.check_verbs(path, "newer", "99")

    def test_no_trace_in_this_directory(self):
        for verb in ("why", "files", "info"):
            self.assert_one_clear_line(harness.run_tarry(verb, cwd=self.directory), ".tarry")

    def test_newest_trace_is_meant_and_said(self):
        for name, age in (("old.tarry", 100), ("new.tarry", 10), ("older.tarry", 1000)):
            path = self.file(name, SAMPLE.read_bytes())
            os.utime(path, (path.stat().st_mtime - age,) * 2)
        done = harness.run_tarry("tree", cwd=self.directory)
        self.assertEqual(done.returncode, 0)
        self.assertIn("new.tarry", done.stderr)


class BadUseTest(harness.LiveTest):
    def test_unknown_verb(self):
        done = harness.run_tarry("summmary", SAMPLE)
        self.assert_one_clear_line(done, "summmary", "summary", status=2)

    def test_unknown_option(self):
        self.assert_one_clear_line(harness.run_tarry("why", "--no-such-option", SAMPLE), "--no-such-option", status=2)
        self.assert_one_clear_line(harness.run_tarry("run", "--no-such-option", "true"), "--no-such-option")

    def test_command_where_a_trace_is_needed(self):
        self.assert_one_clear_line(harness.run_tarry("why", "ls"), "tarry run")
        self.assert_one_clear_line(harness.run_tarry("why", "ls", "-l"), "tarry run")

    def test_bad_sql(self):
        self.assert_one_clear_line(harness.run_tarry("query", SAMPLE, "SELECT nonsense FROM nowhere"), "nowhere")
        self.assert_one_clear_line(harness.run_tarry("query", SAMPLE, "SELEC 1"), "syntax error")

    def test_database_is_read_only(self):
        database = self.directory / "t.db"
        self.assertEqual(harness.run_tarry("load", SAMPLE, "-o", database).returncode, 0)
        self.assert_one_clear_line(harness.run_tarry("query", database, "DELETE FROM thread"))
        count = harness.query(database, "SELECT count(*) AS n FROM thread")[0]["n"]
        self.assertEqual(count, harness.query(SAMPLE, "SELECT count(*) AS n FROM thread")[0]["n"])

    def test_unknown_filter(self):
        for expression, word in (("trace=opennat", "open"), ("%fille", "%file"), ("fd=x", "fd"),
                                 ("nosuch=1", "nosuch"), ("/(", "(")):
            with self.subTest(expression=expression):
                self.assert_one_clear_line(harness.run_tarry("show", SAMPLE, "-e", expression), word, status=2)

    def test_unknown_format(self):
        self.assert_one_clear_line(harness.run_tarry("summary", SAMPLE, "--format", "xml"), "xml", status=2)

    def test_bad_values(self):
        for arguments in (("record", "--for", "soon", "true"), ("record", "--level", "most", "true"),
                          ("record", "--max-size", "big", "true"), ("record", "-p", "abc"),
                          ("record", "--snaplen", "-7", "true"), ("why", SAMPLE, "--min", "much"),
                          ("record",), ("run",)):
            with self.subTest(arguments=arguments):
                self.assert_one_clear_line(harness.run_tarry(*arguments, cwd=self.directory))
                self.assertEqual(list(self.directory.iterdir()), [])

    def test_load_over_a_file_that_is_not_ours(self):
        target = self.directory / "letter.txt"
        target.write_text("Dear reader")
        done = harness.run_tarry("load", "/nonexistent.tarry", "-o", target)
        self.assert_one_clear_line(done, "nonexistent")
        self.assertEqual(target.read_text(), "Dear reader")

    def test_closed_pipe_is_quiet(self):
        done = subprocess.run(["sh", "-c", f'"{harness.TARRY}" show "{SAMPLE}" | head -1'],
                              capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        self.assertEqual(len(done.stdout.splitlines()), 1)

    def test_full_output(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([harness.TARRY, "show", SAMPLE], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assert_one_clear_line(done, "cannot write", "standard output")


class BadTargetTest(harness.LiveTest):
    def test_unknown_pid(self):
        unused = next(pid for pid in range(4194303, 1, -1) if not os.path.exists(f"/proc/{pid}"))
        done = harness.run_tarry("record", "-p", unused, cwd=self.directory)
        self.assert_one_clear_line(done, str(unused))
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_unknown_cgroup_and_unit(self):
        self.assert_one_clear_line(
            harness.run_tarry("record", "--cgroup", "/no/such/group", cwd=self.directory), "/no/such/group")
        self.assert_one_clear_line(
            harness.run_tarry("record", "--unit", "no-such-unit", cwd=self.directory), "unit")
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_two_targets(self):
        self.assert_one_clear_line(harness.run_tarry("record", "-a", "-p", "1", cwd=self.directory))
        self.assert_one_clear_line(harness.run_tarry("record", "-p", "1", "true", cwd=self.directory))

    def test_no_rights(self):
        self.directory.chmod(0o777)
        shutil.copy(harness.TARRY, self.directory / "tarry")
        for arguments in (["record", "--backend", "bpf", "true"], ["run", "--backend", "bpf", "true"],
                          ["record", "-a", "--for", "1s"]):
            with self.subTest(arguments=arguments):
                done = as_nobody([self.directory / "tarry", *arguments], cwd=self.directory)
                self.assert_one_clear_line(done, "root")
        self.assertEqual([path.name for path in self.directory.iterdir()], ["tarry"])

    def without_type_information(self, *flags):
        """A recording on a kernel without BTF: /sys/kernel is hidden from this one command."""
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/kernel && exec "$@"', "sh", harness.TARRY, "record",
             *flags, "-o", self.directory / "t.tarry", "true"], capture_output=True, text=True)
        if "unshare" in done.stderr or "mount:" in done.stderr:
            self.skip_loudly(done.stderr.strip())
        return done

    def test_no_type_information(self):
        self.assert_one_clear_line(self.without_type_information("--backend", "bpf"), "BTF")

    def test_no_type_information_is_no_end(self):
        done = self.without_type_information()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"(?m)^tarry: recording by ptrace, not eBPF \(no /sys/kernel/btf/vmlinux\)")


def as_nobody(command, **how):
    """Runs a command without rights: as nobody, or as who we are where that is not root."""
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
    return subprocess.run([*(drop if os.geteuid() == 0 else []), *map(str, command)], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, timeout=harness.TIMEOUT_S, **how)


if __name__ == "__main__":
    harness.main(needs_backend=False)
