"""TLS: what clients and servers gave their libraries to send, and got from them, against what they were told to say."""
import ctypes.util
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import harness

BODY = "".join(f"line {i} of the secret page\n" for i in range(400)).encode()
FULL = ("--level", "full", "--snaplen", "all")

PLAINTEXT = """
SELECT p.ts AS ts, t.tid AS tid, pr.pid AS pid, pr.comm AS comm, p.library AS library, p.direction AS direction,
       p.session AS session, p.length AS length, hex(p.data) AS data, r.remote_port AS port, r.local_port AS local_port
FROM plaintext p JOIN thread t USING (utid) JOIN process pr USING (upid) LEFT JOIN resource r ON r.id = p.resource_id
WHERE p.length > 0 ORDER BY p.id
"""

CLIENT = """
import http.client, ssl, sys, urllib.request
context = ssl._create_unverified_context()
url = sys.argv[1]
host = url.split("/")[2]
with urllib.request.urlopen(url + "/urllib", context=context) as answer:
    sys.stdout.buffer.write(answer.read())
connection = http.client.HTTPSConnection(host, context=context)
for i in range(3):
    connection.request("POST", "/again%d" % i, body=b"question %d" % i)
    sys.stdout.buffer.write(connection.getresponse().read())
"""

# Says something to itself through memory: no socket lies below.
MEMORY = """
import ctypes, sys
PATH = sys.argv[1]
sys.path[:0] = []
import ssl
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(PATH)
one = ssl._create_unverified_context().wrap_bio(incoming, outgoing)
other = server.wrap_bio(outgoing, incoming, server_side=True)
for turn in range(6):
    for end in (one, other):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            pass
one.write(b"through memory")
assert other.read(100) == b"through memory"
"""


class Server:
    """HTTP over TLS by Python, in a process of its own if `pid` is asked for."""

    def __init__(self, certificate):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(200)
                self.send_header("Content-Length", str(len(BODY)))
                self.end_headers()
                self.wfile.write(BODY)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def said(rows, direction):
    return b"".join(bytes.fromhex(row["data"]) for row in rows if row["direction"] == direction)


class TlsTest(harness.LiveTest):
    def setUp(self):
        super().setUp()
        self.certificate = self.directory / "server.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
                        "-days", "30", "-keyout", self.certificate, "-out", self.directory / "c.pem"],
                       check=True, capture_output=True)
        with open(self.certificate, "ab") as whole:
            whole.write((self.directory / "c.pem").read_bytes())
        self.server = Server(self.certificate)
        self.addCleanup(self.server.close)
        self.url = f"https://127.0.0.1:{self.server.port}"

    def rows(self, recorded, comm=None):
        rows = [row for row in recorded.query(PLAINTEXT) if comm is None or row["comm"].startswith(comm)]
        lost = recorded.query("SELECT coalesce(sum(count), 0) AS n FROM loss WHERE source = 'plaintext'")[0]["n"]
        self.assertEqual(lost, 0)
        return rows

    def check_client(self, rows, library, path, answers=1, sockets=True):
        self.assertTrue(rows, "no plaintext was seen")
        self.assertEqual({row["library"] for row in rows}, {library})
        sent = said(rows, "in")
        received = said(rows, "out")
        self.assertTrue(sent.startswith(b"GET " + path.encode() + b" HTTP/1.1\r\n"), sent[:100])
        self.assertTrue(received.startswith(b"HTTP/1.1 200 OK\r\n"), received[:100])
        self.assertEqual(received.count(BODY), answers)
        self.assertTrue(received.endswith(BODY))
        for row in rows:
            self.assertEqual(len(row["data"]), 2 * row["length"])
            if sockets:
                self.assertEqual(row["port"], self.server.port)

    def test_python(self):
        recorded = self.record(sys.executable, "-c", CLIENT, self.url, options=FULL)
        rows = self.rows(recorded)
        self.check_client(rows, "openssl", "/urllib", answers=4)
        for i in range(3):
            self.assertIn(f"POST /again{i} HTTP/1.1".encode(), said(rows, "in"))
            self.assertIn(f"question {i}".encode(), said(rows, "in"))
        # The way back from a probed function is no call of the program.
        self.assertEqual(recorded.query("SELECT count(*) AS n FROM syscall WHERE name = 'uretprobe'")[0]["n"], 0)
        # Sessions: two connections, whose objects may lie at one place, one after the other.
        self.assertLessEqual(len({row["session"] for row in rows}), 2)

    def test_curl(self):
        if not shutil.which("curl"):
            self.skip_loudly("curl is not installed")
        recorded = self.record("curl", "-sk", "--http1.1", self.url + "/curl", options=FULL)
        self.assertEqual(recorded.stdout.encode(), BODY)
        self.check_client(self.rows(recorded), "openssl", "/curl")

    def test_gnutls(self):
        if not shutil.which("wget"):
            self.skip_loudly("wget is not installed")
        recorded = self.record("wget", "-qO-", "--no-check-certificate", self.url + "/wget", options=FULL)
        self.assertEqual(recorded.stdout.encode(), BODY)
        self.check_client(self.rows(recorded), "gnutls", "/wget")

    def test_program_with_the_library_inside(self):
        node = shutil.which("node")
        if not node:
            self.skip_loudly("node is not installed")
        script = (f"require('https').get('{self.url}/node', {{rejectUnauthorized: false, agent: false}}, "
                  "r => r.pipe(process.stdout))")
        recorded = self.record(node, "-e", script, options=FULL)
        self.assertEqual(recorded.stdout.encode(), BODY)
        # It moves the encrypted bytes itself.
        self.check_client(self.rows(recorded), "openssl", "/node", sockets=False)

    def test_library_under_another_name(self):
        """One that nothing tells of but that a process maps it; so late that it may be used right away."""
        library = pathlib.Path(ctypes.util.find_library("ssl") and self.library_path())
        copy = self.directory / "anything.so"
        shutil.copy(library, copy)
        (self.directory / "libssl.so.3").symlink_to(copy)
        environment = dict(os.environ, LD_LIBRARY_PATH=str(self.directory))
        recorded = self.record(sys.executable, "-c", CLIENT, self.url, options=FULL, env=environment)
        mapped = recorded.query("SELECT count(*) AS n FROM resource WHERE path LIKE '%/anything.so'")[0]["n"]
        self.assertGreater(mapped, 0)
        self.check_client(self.rows(recorded), "openssl", "/urllib", answers=4)

    @staticmethod
    def library_path():
        maps = subprocess.run([sys.executable, "-c", "import ssl; print(open('/proc/self/maps').read())"],
                              capture_output=True, text=True, check=True).stdout
        return next(line.split()[-1] for line in maps.splitlines() if "libssl.so" in line)

    def test_memory(self):
        recorded = self.record(sys.executable, "-c", MEMORY, self.certificate, options=FULL)
        rows = self.rows(recorded)
        self.assertEqual([(row["direction"], bytes.fromhex(row["data"])) for row in rows],
                         [("in", b"through memory"), ("out", b"through memory")])
        self.assertEqual([row["port"] for row in rows], [None, None])

    def test_server_and_attached(self):
        """A server that runs already, with the library mapped: this test's own process."""
        server = self.start(sys.executable, "-B", __file__, "--serve", self.certificate)
        port = int(server.stdout.readline())
        process, trace = self.start_recorder("-p", server.pid, *FULL)
        subprocess.run(["curl", "-sk", "--http1.1", f"https://127.0.0.1:{port}/attached"], check=True,
                       capture_output=True)
        self.stop_recorder(process)
        rows = self.rows(harness.Recorded(trace, 0, "", ""))
        self.assertTrue(rows, "no plaintext was seen")
        self.assertTrue(said(rows, "out").startswith(b"GET /attached HTTP/1.1\r\n"))
        self.assertTrue(said(rows, "in").endswith(BODY))
        self.assertEqual({row["local_port"] for row in rows}, {port})

    def test_snaplen(self):
        recorded = self.record(sys.executable, "-c", CLIENT, self.url, options=("--snaplen", "10"))
        rows = self.rows(recorded)
        self.assertTrue(rows)
        for row in rows:
            self.assertEqual(len(row["data"]), 2 * min(row["length"], 10))
        none = self.record(sys.executable, "-c", CLIENT, self.url, options=("--snaplen", "0"))
        self.assertEqual(self.rows(none), [])

    def test_large(self):
        """More than a record of TLS, and than a piece of the recorder's, in one call."""
        code = MEMORY.replace('b"through memory"', 'b"0123456789" * 10000').replace(
            "assert other.read(100) == b", "assert b\"\".join(other.read(1 << 20) for _ in range(7)) == b")
        recorded = self.record(sys.executable, "-c", code, self.certificate, options=FULL)
        rows = self.rows(recorded)
        self.assertEqual(rows[0]["length"], 100000)
        self.assertEqual(said(rows, "in"), b"0123456789" * 10000)
        self.assertEqual(said(rows, "out"), b"0123456789" * 10000)

    def test_show(self):
        recorded = self.record(sys.executable, "-c", CLIENT, self.url, options=FULL)
        shown = harness.run_tarry("show", recorded.trace, "-e", "%network").stdout
        self.assertIn('"GET /urllib HTTP/1.1\\r\\n', shown)
        self.assertIn("SSL_write(0x", shown)
        self.assertIn("SSL_read(0x", shown)

    def test_what_cannot_be_probed_is_told(self):
        """A TLS library by its name, without the functions."""
        fake = self.directory / "libssl.so.9"
        libc = next(line.split()[-1] for line in pathlib.Path("/proc/self/maps").read_text().splitlines()
                    if "/libc.so" in line or "/libc-" in line)
        shutil.copy(pathlib.Path(libc).with_name("libm.so.6"), fake)
        recorded = self.record(sys.executable, "-c", f"import ctypes, time; ctypes.CDLL('{fake}'); time.sleep(0.5)",
                               options=FULL)
        rows = recorded.query("SELECT count FROM loss WHERE source = 'plaintext'")
        self.assertEqual([row["count"] for row in rows], [1])


def serve(certificate):
    server = Server(certificate)
    print(server.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
    else:
        harness.main()
