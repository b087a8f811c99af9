"""What programs say in clear, read from their calls: lookups by DNS against a server that fails in every way, TLS
hellos of python's ssl, and `grep` over a conversation of which it is known what was said."""
import json
import pathlib
import shutil
import subprocess
import sys
import textwrap

import harness

HERE = pathlib.Path(__file__).resolve().parent
SERVER = "127.0.0.77"
NOBODY = "127.0.0.78"
PYTHON = sys.executable

TLS = textwrap.dedent("""
    import socket, ssl, sys, threading
    certificate, key = sys.argv[1:]
    def serve(listener, context, count):
        for _ in range(count):
            connection, _ = listener.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as tls:
                    tls.sendall(tls.recv(100).upper() * 1000)
                    tls.recv(1)
            except (ssl.SSLError, OSError):
                pass
    def talk(port, server_name, trusted, version=None):
        context = ssl.create_default_context(cafile=certificate if trusted else None)
        context.set_alpn_protocols(["x-first", "x-second"])
        if version:
            context.maximum_version = version
        with socket.create_connection(("127.0.0.1", port)) as plain:
            try:
                with context.wrap_socket(plain, server_hostname=server_name) as tls:
                    tls.sendall(b"hello")
                    left = 5000
                    while left:
                        left -= len(tls.recv(left))
            except ssl.SSLError:
                pass
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["x-second"])
    listener = socket.create_server(("127.0.0.1", 0))
    server = threading.Thread(target=serve, args=(listener, context, 3))
    server.start()
    port = listener.getsockname()[1]
    talk(port, "localhost", True)
    talk(port, "localhost", True, ssl.TLSVersion.TLSv1_2)
    talk(port, "localhost", False, ssl.TLSVersion.TLSv1_2)
    server.join()
    """)

TALK = textwrap.dedent("""
    import socket
    a, b = socket.socketpair()
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    def exactly(end, size):
        while size:
            size -= len(end.recv(size))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    def says(end, other, *pieces):
        for piece in pieces:
            end.sendall(piece)
        exactly(other, sum(map(len, pieces)))
    says(client, server, b"GET /ne", b"ed", b"le HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    says(server, client, b"HTTP/1.1 200 OK\\r\\n\\r\\n" + bytes(range(256)))
    says(a, b, b"needle in a pair")
    print(client.getsockname()[1], listener.getsockname()[1])
    """)


class Lookups(harness.LiveTest):
    def look_up(self, command, servers=(SERVER,)):
        """Lookups of a shell's commands in a mount namespace with a resolv.conf of the test's own."""
        if not shutil.which("unshare") or not shutil.which("getent"):
            self.skip_loudly("unshare and getent are needed")
        config = self.directory / "resolv.conf"
        config.write_text("".join(f"nameserver {server}\n" for server in servers) +
                          "options timeout:1 attempts:2\nsearch\n")
        script = f"mount --bind {config} /etc/resolv.conf && {command}"
        return self.record("unshare", "--mount", PYTHON, HERE / "names_server.py", SERVER, "sh", "-c", script,
                           options=["--snaplen", "4096"], check=False)

    def lookups(self, recorded, *options):
        done = harness.run_tarry("dns", recorded.trace, "--format", "json", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_answers_and_failures_of_getaddrinfo(self):
        recorded = self.look_up("; ".join(f"getent ahosts {name}.example" for name in ("www", "alias", "nx", "big")))
        rows = [row for row in self.lookups(recorded) if row["process"] == "getent"]
        said = {(row["name"], row["type"]): (row["rcode"], row["answers"], row["tries"], row["transport"]) for row in rows}
        self.assertEqual(said["www.example", "A"], ("NOERROR", "A 192.0.2.1", 1, "udp"))
        self.assertEqual(said["www.example", "AAAA"], ("NOERROR", "AAAA 2001:db8::1", 1, "udp"))
        self.assertEqual(said["alias.example", "A"], ("NOERROR", "CNAME real.example, A 192.0.2.7", 1, "udp"))
        self.assertEqual(said["nx.example", "A"], ("NXDOMAIN", None, 1, "udp"))
        self.assertEqual(said["big.example", "A"], ("NOERROR", "A 192.0.2.1", 2, "tcp"))
        self.assertEqual(said["big.example", "AAAA"], ("NOERROR", "AAAA 2001:db8::1", 2, "tcp"))
        self.assertTrue(all(row["dur"] > 0 and row["server_addr"] == SERVER for row in rows))
        # Each of them is also in what the server saw.
        asked = {(row["name"], row["type"], row["rcode"]) for row in self.lookups(recorded, "--server")}
        self.assertLessEqual({(row["name"], row["type"], row["rcode"]) for row in rows}, asked)
        self.assertEqual(recorded.query("SELECT value FROM stats WHERE name = 'dns_malformed'"), [{"value": 0}])

    def test_silence_is_a_lookup_without_answer(self):
        recorded = self.look_up("getent hosts drop.example; getent ahostsv4 late.example")
        rows = [row for row in self.lookups(recorded) if row["process"] == "getent"]
        dropped = [row for row in rows if row["name"] == "drop.example"]
        self.assertTrue(dropped)
        for row in dropped:
            self.assertEqual((row["rcode"], row["dur"], row["tries"]), (None, None, 2), row)
        late, = (row for row in rows if row["name"] == "late.example" and row["type"] == "A")
        self.assertEqual((late["rcode"], late["tries"]), ("NOERROR", 2))
        self.assertGreater(late["dur"], 900 * harness.MS)  # the resolver waits a second before it asks again
        failed = {row["name"] for row in self.lookups(recorded, "--failed")}
        self.assertEqual(failed, {"drop.example"})

    def test_a_resolver_that_is_not_there(self):
        recorded = self.look_up("getent ahostsv4 www.example", servers=(NOBODY, SERVER))
        row, = (row for row in self.lookups(recorded) if row["process"] == "getent")
        self.assertEqual((row["rcode"], row["tries"], row["server_addr"]), ("NOERROR", 2, SERVER))
        recorded = self.look_up("getent ahostsv4 www.example", servers=(NOBODY,))
        row, = (row for row in self.lookups(recorded, "--failed") if row["process"] == "getent")
        self.assertIn(row["errno"], ("POLLERR", "ECONNREFUSED"))
        self.assertEqual((row["rcode"], row["dur"], row["server_addr"]), (None, None, NOBODY))


class Tls(harness.LiveTest):
    def test_hellos_of_both_sides(self):
        certificate, key = self.certificate()
        recorded = self.record(PYTHON, "-c", TLS, certificate, key, options=["--snaplen", "32768"])
        rows = recorded.query("SELECT * FROM tls ORDER BY ts, side")
        self.assertEqual([row["side"] for row in rows].count("client"), 3)
        self.assertEqual([row["side"] for row in rows].count("server"), 3)
        for side in ("client", "server"):
            new, old, refused = (row for row in rows if row["side"] == side)
            for row in (new, old, refused):
                self.assertEqual((row["server_name"], row["alpn_offered"]), ("localhost", "x-first,x-second"))
                self.assertGreater(row["ciphers_offered"], 0)
                self.assertGreater(row["hello_ns"], 0)
            self.assertEqual((new["version"], new["version_offered"], new["alpn"]), ("TLS 1.3", "TLS 1.3", None))
            self.assertEqual((old["version"], old["version_offered"], old["alpn"]), ("TLS 1.2", "TLS 1.2", "x-second"))
            self.assertTrue(new["cipher"].startswith("TLS_AES_") or new["cipher"].startswith("TLS_CHACHA20"))
            self.assertTrue(old["cipher"].startswith("TLS_ECDHE_ECDSA_WITH_"))
            for row in (new, old):
                self.assertGreaterEqual(row["handshake_ns"], row["hello_ns"])
                self.assertIsNone(row["alert"])
            self.assertIsNone(refused["handshake_ns"])
        spoken = "sent" if refused["side"] == "client" else "received"
        self.assertEqual(refused["alert"], f"{spoken} fatal unknown_ca")
        # What one side sent the other received; beside the 5 and the 5,000 bytes there is what encryption adds.
        for client, server in zip((r for r in rows if r["side"] == "client"), (r for r in rows if r["side"] == "server")):
            self.assertEqual(client["sent_bytes"], server["received_bytes"])
        old, = (row for row in rows if row["side"] == "client" and row["version"] == "TLS 1.2" and row["handshake_ns"])
        self.assertTrue(5 < old["sent_bytes"] < 100 and 5000 < old["received_bytes"] < 5200, old)


class Grep(harness.LiveTest):
    def test_what_was_said_is_found_once_and_over_pieces(self):
        recorded = self.record(PYTHON, "-c", TALK, options=["--snaplen", "4096"])
        client, server = recorded.stdout.split()
        done = harness.run_tarry("grep", "-o", "needle.{5}", recorded.trace)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 2, done.stdout)
        self.assertIn(f"127.0.0.1:{client} → 127.0.0.1:{server}: needle HTTP", lines[0])
        self.assertTrue(lines[1].endswith(": needle in a"), lines[1])
        rows = json.loads(harness.run_tarry("grep", "--format", "json", "--both-ends", "--port", server, "200 OK",
                                            recorded.trace).stdout)
        self.assertEqual({row["direction"] for row in rows}, {"sent", "received"})
        self.assertTrue(all(row["length"] == row["kept"] for row in rows))
        dump = harness.run_tarry("grep", "-x", r"\x00\x01\x02", recorded.trace).stdout
        oracle = subprocess.run(["xxd"], input=b"HTTP/1.1 200 OK\r\n\r\n" + bytes(range(256)),
                                capture_output=True).stdout.decode().splitlines() if shutil.which("xxd") else []
        for line in oracle:
            self.assertIn(line, dump)
        self.assertIn("00000000: 4854 5450 2f31 2e31 2032 3030 204f 4b0d  HTTP/1.1 200 OK.", dump)

    def test_exit_status_is_that_of_grep(self):
        recorded = self.record(PYTHON, "-c", TALK, options=["--snaplen", "4096"])
        self.assertEqual(harness.run_tarry("grep", "-c", "-i", "NEEDLE", recorded.trace).returncode, 0)
        nothing = harness.run_tarry("grep", "not there at all", recorded.trace)
        self.assertEqual((nothing.returncode, nothing.stdout), (1, ""))
        self.assert_one_clear_line(harness.run_tarry("grep", "(", recorded.trace), "regular expression", status=2)
        bare = self.record("true")
        self.assert_one_clear_line(harness.run_tarry("grep", "x", bare.trace), "--snaplen", status=2)


if __name__ == "__main__":
    harness.main()
