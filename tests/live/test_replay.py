"""Replay oracle: clients get from `replay --serve` byte by byte what they got from the servers that were recorded,
as late as then or without delay, also where they are not changed and the servers are gone."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import textwrap
import time
import unittest

import harness
import other_user

PYTHON = "/usr/bin/python3"
NAMES = pathlib.Path(__file__).with_name("names_server.py")
NAME_SERVER = "127.0.0.76"
DELAY_S = 0.4

SERVER = f"""
import gzip, http.server, os, socket, socketserver, sys, threading, time

class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *words):
        pass
    def answer(self, body, *headers):
        # Never the same twice: a stand-in that asked the server would be found out.
        body += os.urandom(20).hex().encode()
        self.send_response(200)
        for name, value in headers:
            self.send_header(name, value)
        if self.path == "/until-closed":
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:5])
        self.wfile.write(body[5:])
    def do_GET(self):
        if self.path == "/slow":
            time.sleep({DELAY_S})
        language = self.headers.get("Accept-Language", "fr")
        self.answer(language.encode() + (b"x" * 300_000 if self.path == "/big" else b""), ("Content-Language", language))
    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

class Lines(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 hello %d\\r\\n" % time.time_ns())
        for line in self.rfile:
            time.sleep(0.05)
            self.wfile.write(b"250 %s" % line)
            if line.startswith(b"QUIT"):
                return

class Datagrams(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(b"re: " + self.request[0], self.client_address)

socketserver.ThreadingTCPServer.allow_reuse_address = True
servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web), socketserver.ThreadingTCPServer(("127.0.0.1", 0), Lines),
           socketserver.UDPServer(("127.0.0.1", 0), Datagrams)]
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(*(server.server_address[1] for server in servers), flush=True)
sys.stdin.read()
"""

CLIENT = """
import http.client, socket, sys, urllib.request
web, lines, datagrams = map(int, sys.argv[1:])
out = sys.stdout.buffer
connection = http.client.HTTPConnection("127.0.0.1", web)
for path, headers in (("/a", {}), ("/slow", {}), ("/big", {}), ("/a", {"Accept-Language": "en"})):
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    out.write(str(answer.headers).encode() + answer.read())
connection.request("POST", "/post", body=b"b" * 70_000)
out.write(connection.getresponse().read())
out.write(urllib.request.urlopen(f"http://127.0.0.1:{web}/until-closed").read())
talk = socket.create_connection(("127.0.0.1", lines)).makefile("rwb", buffering=0)
out.write(talk.readline())
for word in (b"HELO me", b"NOOP", b"QUIT"):
    talk.write(word + b"\\r\\n")
    out.write(talk.readline())
out.write(talk.read())
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect(("127.0.0.1", datagrams))
for word in (b"one", b"two"):
    udp.send(word)
    out.write(udp.recv(100))
"""


class ReplayTest(harness.LiveTest):
    def setUp(self):
        super().setUp()
        (self.directory / "server.py").write_text(SERVER)
        (self.directory / "client.py").write_text(CLIENT)
        self.server = self.start(PYTHON, self.directory / "server.py")
        self.ports = self.server.stdout.readline().split()

    def record_client(self, *client, options=("-s", "all")):
        recorded = self.record(*client, options=options)
        self.server.kill()
        self.server.wait()
        return recorded

    def python_client(self):
        return [PYTHON, self.directory / "client.py", *self.ports]

    def replay(self, recorded, *command, speed="max", **how):
        begin = time.monotonic()
        done = harness.run_tarry("replay", recorded.trace, "--serve", "--speed", speed, "--", *command, **how)
        return done, time.monotonic() - begin

    def test_a_command_gets_the_same_bytes(self):
        recorded = self.record_client(*self.python_client())
        for speed in ("max", "1", "4"):
            done, took_s = self.replay(recorded, *self.python_client(), speed=speed)
            self.assertEqual((done.returncode, done.stdout), (0, recorded.stdout), done.stderr)
            self.assertIn("12 answers", done.stderr)
            self.assertNotIn("not in the recording", done.stderr)
            # Planted: 0.4 s in one answer, three times 0.05 s.
            planted_s = (DELAY_S + 0.15) / {"max": float("inf"), "1": 1, "4": 4}[speed]
            self.assertGreater(took_s, 0.9 * planted_s)
        self.assertIn("Content-Language: en", recorded.stdout)

    @unittest.skipUnless(shutil.which("curl"), "no curl")
    def test_curl(self):
        urls = [f"http://127.0.0.1:{self.ports[0]}/{path}" for path in ("a", "slow", "big", "until-closed")]
        recorded = self.record_client("curl", "-s", *urls)
        done, took_s = self.replay(recorded, "curl", "-s", *urls, speed="1")
        self.assertEqual(done.stdout, recorded.stdout)
        self.assertGreater(took_s, 0.9 * DELAY_S)
        # In another order, in two connections, with other headers.
        for path, part in (("big", "frx"), ("a", "fr")):
            done, _ = self.replay(recorded, "curl", "-s", "-H", "X-Other: 1", f"http://127.0.0.1:{self.ports[0]}/{path}")
            self.assertTrue(done.stdout.startswith(part) and done.stdout in recorded.stdout)
            self.assertIn("something else", done.stderr)

    def test_what_was_never_asked(self):
        recorded = self.record_client(*self.python_client())
        script = f"""
            import socket, urllib.error, urllib.request
            try:
                urllib.request.urlopen("http://127.0.0.1:{self.ports[0]}/other")
            except urllib.error.HTTPError as error:
                print(error.code)
            for address in ("127.0.0.1", "93.184.216.34"):
                try:
                    socket.create_connection((address, 9), timeout=5)
                except ConnectionRefusedError as error:
                    print("refused")
            """
        done, _ = self.replay(recorded, PYTHON, "-c", textwrap.dedent(script))
        self.assertEqual(done.stdout.split(), ["502", "refused", "refused"])
        self.assertIn(f"127.0.0.1:{self.ports[0]}: GET /other", done.stderr)

    def test_statuses_and_signals(self):
        recorded = self.record_client(*self.python_client())
        for command, status in ((["sh", "-c", "exit 3"], 3), (["sh", "-c", "kill -TERM $$"], 143), (["/none"], 127)):
            self.assertEqual(self.replay(recorded, *command)[0].returncode, status)

    def test_without_a_command(self):
        recorded = self.record_client(*self.python_client())
        replay = self.start(harness.TARRY, "replay", recorded.trace, "--serve", "--speed", "max", stderr=subprocess.PIPE)
        places = dict(re.fullmatch(r"127.0.0.1:(\d+) → 127.0.0.1:(\d+)( \(UDP\))?\n", replay.stderr.readline()).groups()[:2]
                      for _ in self.ports)
        self.assertEqual(set(places), set(self.ports))
        client = subprocess.run([PYTHON, self.directory / "client.py", *(places[port] for port in self.ports)],
                                capture_output=True, text=True, timeout=harness.TIMEOUT_S, check=True)
        self.assertEqual(client.stdout, recorded.stdout)
        replay.send_signal(signal.SIGINT)
        self.assertEqual(replay.wait(10), 0)

    def test_without_rights(self):
        if os.geteuid() != 0:
            self.skipTest("the other tests are that")
        recorded = self.record_client(*self.python_client())
        user = other_user.the_user()
        home = other_user.make_home(harness.TARRY, user)
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        for path in (recorded.trace, self.directory / "client.py"):
            shutil.copy(path, home)
            (home / path.name).chmod(0o644)
        how = other_user.as_user(user, home)
        if subprocess.run(["unshare", "-Un", "true"], **how).returncode != 0:
            self.skip_loudly("no user namespaces without rights")
        done = subprocess.run([home / "tarry", "replay", recorded.trace.name, "--serve", "--speed", "max", "--", "sh", "-c",
                               f"id -u >&2; exec {PYTHON} client.py {' '.join(self.ports)}"], capture_output=True, text=True,
                              timeout=harness.TIMEOUT_S, stdin=subprocess.DEVNULL, **how)
        self.assertEqual(done.stdout, recorded.stdout, done.stderr)
        self.assertIn(str(user.pw_uid), done.stderr)

    @unittest.skipUnless(shutil.which("unshare") and shutil.which("getent"), "no unshare or getent")
    def test_lookups(self):
        """Each question has another id than the recorded one; a name that was not asked for then has no answer."""
        config = self.directory / "resolv.conf"
        config.write_text(f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:1\nsearch\n")
        lookups = [f"getent ahosts {name}.example" for name in ("www", "alias", "nx", "big")]
        def shell(*commands):
            return ["unshare", "--mount", "sh", "-c", f"mount --bind {config} /etc/resolv.conf && {{ {'; '.join(commands)}; true; }}"]
        servers = self.start(PYTHON, NAMES, NAME_SERVER, "sleep", "60")
        harness.wait_until(lambda: b"192.0.2.1" in subprocess.run(shell(lookups[0]), capture_output=True, check=False).stdout,
                           what="the name server")
        recorded = self.record_client(*shell(*lookups))
        servers.kill()
        servers.wait()
        self.assertIn("192.0.2.7", recorded.stdout)
        done, _ = self.replay(recorded, *shell(*lookups))
        self.assertEqual((done.returncode, done.stdout), (0, recorded.stdout), done.stderr)
        done, _ = self.replay(recorded, *shell("getent ahosts another.example"))
        self.assertEqual(done.stdout, "")
        self.assertIn("not in the recording", done.stderr)

    def test_bytes_that_are_missing(self):
        recorded = self.record_client(*self.python_client(), options=("-s", "100"))
        done, _ = self.replay(recorded, "true")
        self.assertIn("--snaplen all", done.stderr)
        nothing = self.record("true")
        self.assert_one_clear_line(harness.run_tarry("replay", nothing.trace, "--serve"), "--snaplen all")

    def test_the_server_was_recorded(self):
        """Also where only the servers are in the trace, and without their beginning: the same by their side."""
        recorder, trace = self.start_recorder("-p", self.server.pid, "--level", "syscalls", "-s", "all")
        client = subprocess.run(self.python_client(), capture_output=True, text=True,
                                timeout=harness.TIMEOUT_S, check=True)
        time.sleep(0.5)
        self.stop_recorder(recorder)
        self.server.kill()
        self.server.wait()
        done = harness.run_tarry("replay", trace, "--serve", "--speed", "max", "--", *self.python_client())
        self.assertEqual(done.stdout, client.stdout, done.stderr)


if __name__ == "__main__":
    harness.main()
