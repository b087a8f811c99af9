"""Capture oracle: what `export --pcapng` frames out of the calls is, to tshark, the same conversation that tshark
captured on the loopback interface during the same run."""
import collections
import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import time

import harness

SERVER = r'''
import gzip, http.client, http.server, socket, sys, threading

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *words):
        pass
    def do_GET(self):
        body = ("answer to " + self.path).encode() * (10_000 if "big" in self.path else 1)
        self.send_response(404 if "missing" in self.path else 200)
        if "chunked" in self.path:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for at in range(0, len(body), 7):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(body[at:at + 7]), body[at:at + 7]))
            self.wfile.write(b"0\r\n\r\n")
            return
        if "gzip" in self.path:
            body = gzip.compress(body, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        size = int(self.headers["Content-Length"])
        got = self.rfile.read(size)
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6

four = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
six = Server(("::1", 0), Handler)
for server in (four, six):
    threading.Thread(target=server.serve_forever, daemon=True).start()

def client(server, number):
    connection = http.client.HTTPConnection(server.server_address[0], server.server_address[1])
    for path in ("plain", "chunked", "gzip", "big", "missing"):
        connection.request("GET", f"/{number}/{path}")
        connection.getresponse().read()
    connection.request("POST", f"/{number}/post", body=b"p" * 5_000)
    connection.getresponse().read()
    connection.close()

print('{"ports": [%d, %d]}' % (four.server_port, six.server_port), flush=True)
clients = [threading.Thread(target=client, args=(server, number))
           for number in range(4) for server in (four, six)]
for thread in clients: thread.start()
for thread in clients: thread.join()

# Datagrams, connected and not.
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
other.connect(udp.getsockname())
for i in range(3):
    other.send(b"question %d" % i)
    question, sender = udp.recvfrom(100)
    udp.sendto(b"answer to " + question, sender)
    other.recv(100)
'''
EXCHANGES = 8 * 6


# Not for captured packets: on the loopback interface nobody fills in checksums.
CHECKED = [word for kind in ("ip", "tcp", "udp") for word in ("-o", f"{kind}.check_checksum:TRUE")]


def fields(capture, shown, *names, options=()):
    """Of every packet that is shown: the values of the fields."""
    command = ["tshark", "-r", str(capture), *options, "-Y", shown, "-T", "fields"]
    for name in names:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=harness.TIMEOUT_S)
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


class ExportTest(harness.LiveTest):
    def setUp(self):
        super().setUp()
        if not shutil.which("tshark") or os.geteuid() != 0:
            self.skip_loudly("needs tshark and root")
        (self.directory / "web.py").write_text(SERVER)

    def capture_and_record(self, *options):
        capture = self.directory / "lo.pcapng"
        tshark = self.start("tshark", "-q", "-i", "lo", "-B", "64", "-w", capture, stderr=subprocess.PIPE)
        harness.wait_until(lambda: capture.exists() and capture.stat().st_size > 0, what="tshark")
        time.sleep(0.5)
        recorded = self.record("/usr/bin/python3", self.directory / "web.py", options=options)
        time.sleep(0.5)
        tshark.send_signal(signal.SIGINT)
        tshark.communicate(timeout=harness.TIMEOUT_S)
        return capture, recorded

    def export(self, recorded):
        out = self.directory / "trace.pcapng"
        done = harness.run_tarry("export", recorded.trace, "--pcapng", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        return out, done.stderr

    def test_the_same_conversations(self):
        capture, recorded = self.capture_and_record("-s", "all")
        ours, _ = self.export(recorded)

        # Others may talk on the same interface.
        ports = recorded.json_lines()[0]["ports"]
        http = "(http.request || http.response) && (" + " || ".join(f"tcp.port == {port}" for port in ports) + ")"

        def conversations(file):
            """By client's port: what was asked and answered, in order."""
            found = collections.defaultdict(list)
            for row in fields(file, http, "tcp.srcport", "tcp.dstport", "http.request.method", "http.request.uri",
                              "http.response.code", "http.file_data"):
                source, target, *said = row
                found[source if said[0] else target].append(tuple(said))
            return dict(found)

        seen, framed = conversations(capture), conversations(ours)
        self.assertEqual(sum(len(said) for said in seen.values()), 2 * EXCHANGES)
        self.assertEqual(framed, seen)
        datagrams = ("udp.srcport", "udp.dstport", "data.data")
        told = fields(ours, "udp && ip.addr == 127.0.0.1 && data", *datagrams)
        self.assertEqual(len(told), 6)
        self.assertEqual(told, fields(capture, f"udp.port == {told[0][1]} && data", *datagrams))

    def test_nothing_is_malformed(self):
        _, recorded = self.capture_and_record("-s", "all")
        ours, told = self.export(recorded)
        self.assertNotIn("not in the trace", told)
        self.assertEqual(fields(ours, "_ws.malformed || ip.checksum.status == Bad || tcp.checksum.status == Bad ||"
                                " udp.checksum.status == Bad", "frame.number", options=CHECKED), [])
        self.assertGreater(len(fields(ours, "tcp.checksum.status == Good", "frame.number", options=CHECKED)), EXCHANGES)
        self.assertEqual(fields(ours, "tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment ||"
                                " tcp.analysis.retransmission || tcp.analysis.out_of_order", "frame.number"), [])
        # Each has its beginning and end, and is there once.
        self.assertEqual(len(fields(ours, "tcp.flags.syn == 1 && tcp.flags.ack == 0", "frame.number")), 8)
        # A server's thread may not get to read the end before the program's.
        self.assertIn(len(fields(ours, "tcp.flags.fin == 1", "frame.number")), range(8, 17))
        comments = {comment for comment, in fields(ours, "http.request", "frame.comment")}
        self.assertTrue(all(re.fullmatch(r"python3 \(pid \d+, tid \d+\)", comment) for comment in comments), comments)
        self.assertEqual(len(comments), 8)

    def test_what_the_trace_has_not_is_cut_off(self):
        _, recorded = self.capture_and_record("-s", "200")
        ours, told = self.export(recorded)
        self.assertIn("--snaplen all", told)
        sizes = fields(ours, "tcp.len > 200", "tcp.len", "frame.len", "frame.cap_len")
        self.assertGreater(len(sizes), 8)
        self.assertTrue(all(int(whole) > int(kept) for _, whole, kept in sizes), sizes)
        # Sizes and order are right all the same.
        self.assertEqual(fields(ours, "tcp.analysis.lost_segment || _ws.malformed", "frame.number"), [])
        big = max(int(length) for length, _, _ in sizes)
        self.assertGreater(big, 60_000)

    def test_tls_is_there_decrypted_on_an_interface_of_its_own(self):
        if harness.BACKEND != "bpf" or not shutil.which("openssl") or not shutil.which("curl"):
            self.skip_loudly("needs eBPF, openssl and curl")
        key, certificate = self.directory / "key.pem", self.directory / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                       capture_output=True, check=True)
        (self.directory / "tls.py").write_text(f"""
import http.server, ssl, subprocess, threading
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *words):
        pass
    def do_GET(self):
        body = b"secret of " + self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("{certificate}", "{key}")
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"https://localhost:{{server.server_port}}/"
subprocess.run(["curl", "-s", "--http1.1", "--cacert", "{certificate}", url + "one", url + "two"], check=True)
""")
        recorded = self.record("/usr/bin/python3", self.directory / "tls.py", options=["-s", "all"])
        ours, _ = self.export(recorded)
        said = fields(ours, "http", "frame.interface_name", "http.request.uri", "http.file_data")
        self.assertEqual(said, [("tls", "/one", ""), ("tls", "", "secret of /one"),
                                ("tls", "/two", ""), ("tls", "", "secret of /two")])
        self.assertTrue(fields(ours, 'tls && frame.interface_name == "sockets"', "frame.number"))
        self.assertEqual(fields(ours, "tcp.analysis.retransmission || _ws.malformed", "frame.number"), [])
        flows = recorded.query("SELECT url, status, tls, cast(http_body(id, 'response') AS TEXT) AS body FROM http"
                               " WHERE side = 'client' ORDER BY id")
        self.assertEqual([(row["url"].rpartition("/")[2], row["status"], row["tls"], row["body"]) for row in flows],
                         [("one", 200, 1, "secret of /one"), ("two", 200, 1, "secret of /two")])
        self.assertEqual(recorded.query("SELECT DISTINCT plaintext FROM tls"), [{"plaintext": 1}])

    def test_http_archive(self):
        """What HAR 1.2 asks for is there, of the right types, and says what the server said."""
        recorded = self.record("/usr/bin/python3", self.directory / "web.py", options=["-s", "all"])
        out = self.directory / "trace.har"
        done = harness.run_tarry("export", recorded.trace, "--har", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        log = json.loads(out.read_text())["log"]
        self.assertEqual((log["version"], log["creator"]["name"]), ("1.2", "tarry"))
        entries = log["entries"]
        self.assertEqual(len(entries), EXCHANGES)
        begins = [datetime.datetime.fromisoformat(entry["startedDateTime"].replace("Z", "+00:00")) for entry in entries]
        self.assertEqual(begins, sorted(begins))
        self.assertLess(abs((begins[0] - datetime.datetime.now(datetime.timezone.utc)).total_seconds()), 60)
        for entry in entries:
            asked, answered, timings = entry["request"], entry["response"], entry["timings"]
            for message in (asked, answered):
                self.assertTrue(all(set(one) == {"name", "value"} for one in message["headers"]))
                self.assertEqual([type(message[key]) for key in ("httpVersion", "cookies", "headersSize", "bodySize")],
                                 [str, list, int, int])
            self.assertEqual(entry["cache"], {})
            self.assertGreaterEqual(min(timings.values()), 0)
            self.assertAlmostEqual(sum(timings[part] for part in ("send", "wait", "receive")), entry["time"], delta=0.01)
            path = "/" + asked["url"].split("/", 3)[3]
            content = answered["content"]
            if asked["method"] == "POST":
                self.assertEqual((asked["postData"]["text"], asked["bodySize"], answered["status"]), ("p" * 5_000, 5_000, 201))
                continue
            self.assertEqual(content["text"], ("answer to " + path) * (10_000 if "big" in path else 1))
            self.assertEqual(content["size"], len(content["text"]))
            self.assertEqual(answered["status"], 404 if "missing" in path else 200)
        nothing = self.record("true")
        self.assert_one_clear_line(harness.run_tarry("export", nothing.trace, "--har", out), "--snaplen")

    def test_bad_targets(self):
        recorded = self.record("true")
        done = harness.run_tarry("export", recorded.trace, "--pcapng", self.directory / "none" / "out")
        self.assert_one_clear_line(done, "none/out", status=1)
        self.assert_one_clear_line(harness.run_tarry("export", recorded.trace), "--pcapng", "--har", status=2)
        before = sorted(self.directory.iterdir())
        harness.run_tarry("export", self.directory / "missing.tarry", "--pcapng", self.directory / "out")
        self.assertEqual(sorted(self.directory.iterdir()), before)


if __name__ == "__main__":
    harness.main()
