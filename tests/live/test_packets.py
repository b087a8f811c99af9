"""Packet oracle: what `record --packets` has of the loopback interface are the packets that tcpdump captured there
during the same run, and to tshark the export is the same capture."""
import collections
import json
import os
import shutil
import signal
import socket
import subprocess
import time

import harness

SCENES = r'''
import json, socket, sys, threading, time

def talk(family, host):
    listener = socket.socket(family)
    listener.bind((host, 0))
    listener.listen()
    def serve():
        connection, _ = listener.accept()
        while data := connection.recv(100_000):
            connection.sendall(b"answer to " + data)
        connection.close()
    server = threading.Thread(target=serve)
    server.start()
    client = socket.socket(family)
    client.connect(listener.getsockname())
    for size in (1, 700, 40_000):
        client.sendall(b"x" * size)
        got = 0
        while got < size + 10:
            got += len(client.recv(100_000))
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""
    server.join()
    print(json.dumps({"tcp": listener.getsockname()[1]}), flush=True)

def datagrams(family, host):
    server = socket.socket(family, socket.SOCK_DGRAM)
    server.bind((host, 0))
    client = socket.socket(family, socket.SOCK_DGRAM)
    client.connect(server.getsockname())
    for i in range(5):
        client.send(b"question" * i)
        _, sender = server.recvfrom(1000)
        server.sendto(b"answer %d" % i, sender)
        client.recv(1000)
    print(json.dumps({"udp": server.getsockname()[1]}), flush=True)

def refused(family, host):
    taken = socket.socket(family)
    taken.bind((host, 0))
    client = socket.socket(family)
    try:
        client.connect(taken.getsockname())
    except ConnectionRefusedError:
        print(json.dumps({"refused": taken.getsockname()[1]}), flush=True)

for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    talk(family, host)
    datagrams(family, host)
    refused(family, host)
time.sleep(0.3)
'''

# One connection after the other, until it is told to stop; what is said last is answered.
SERVER = r'''
import json, socket
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
print(json.dumps({"tcp": listener.getsockname()[1]}), flush=True)
while True:
    connection, _ = listener.accept()
    while data := connection.recv(1000):
        connection.sendall(data)
        if data == b"stop":
            raise SystemExit
    connection.close()
'''

FLAGS = "FSRPAUEC"


def flags_text(value):
    return "".join(letter for bit, letter in enumerate(FLAGS) if value >> bit & 1)


def packets_in(capture, shown):
    """Of each packet that is shown: protocol, ends, and what its headers say."""
    names = ["ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw",
             "tcp.flags", "tcp.len", "udp.srcport", "udp.dstport", "udp.length", "frame.len"]
    command = ["tshark", "-r", str(capture), "-Y", shown, "-T", "fields"]
    for name in names:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=harness.TIMEOUT_S)
    found = []
    for line in done.stdout.splitlines():
        one = dict(zip(names, line.split("\t")))
        source, target = one["ip.src"] or one["ipv6.src"], one["ip.dst"] or one["ipv6.dst"]
        if one["tcp.srcport"]:
            flags = int(one["tcp.flags"], 16)
            found.append(("tcp", source, int(one["tcp.srcport"]), target, int(one["tcp.dstport"]), int(one["frame.len"]),
                          int(one["tcp.len"]), flags_text(flags), int(one["tcp.seq_raw"]),
                          int(one["tcp.ack_raw"]) if flags & 0x10 else None))
        else:
            found.append(("udp", source, int(one["udp.srcport"]), target, int(one["udp.dstport"]), int(one["frame.len"]),
                          int(one["udp.length"]) - 8, None, None, None))
    return found


def recorded_packets(recorded, direction):
    rows = recorded.query("SELECT protocol, src_addr, src_port, dst_addr, dst_port, length, payload_length, flags, seq, ack"
                          f" FROM packet WHERE direction = '{direction}' AND interface = 'lo' ORDER BY id")
    return [tuple(row.values()) for row in rows]


class PacketsTest(harness.LiveTest):
    def setUp(self):
        super().setUp()
        if not shutil.which("tshark") or not shutil.which("tcpdump") or os.geteuid() != 0:
            self.skip_loudly("needs tcpdump, tshark and root")
        (self.directory / "scenes.py").write_text(SCENES)
        (self.directory / "server.py").write_text(SERVER)

    def begin_capture(self):
        self.capture = self.directory / "lo.pcap"
        self.tcpdump = self.start("tcpdump", "-i", "lo", "-U", "--immediate-mode", "-s", "256", "-B", "8192", "-Z", "root", "-w", self.capture,
                                  stderr=subprocess.PIPE)
        harness.wait_until(lambda: self.capture.exists() and self.capture.stat().st_size > 0, what="tcpdump")
        time.sleep(0.3)

    def end_capture(self):
        time.sleep(0.5)
        self.tcpdump.send_signal(signal.SIGINT)
        _, told = self.tcpdump.communicate(timeout=harness.TIMEOUT_S)
        self.assertIn("0 packets dropped by kernel", told)

    def assert_same(self, ours, theirs):
        ours, theirs = collections.Counter(ours), collections.Counter(theirs)
        self.assertEqual((ours - theirs, theirs - ours), ({}, {}))

    def test_the_same_packets(self):
        self.begin_capture()
        recorded = self.record("/usr/bin/python3", self.directory / "scenes.py", options=["--packets"])
        self.end_capture()
        self.assertEqual(recorded.query("SELECT * FROM loss"), [])
        ports = collections.defaultdict(list)
        for line in recorded.json_lines():
            for kind, port in line.items():
                ports[kind].append(port)
        refused = ports.pop("refused")
        ports["tcp"] += refused
        shown = " || ".join(f"{kind}.port == {port}" for kind in ports for port in ports[kind])
        seen = packets_in(self.capture, shown)
        self.assertGreater(len(seen), 40)
        self.assertEqual({one[0] for one in seen}, {"tcp", "udp"})
        # Where nobody listens no socket gets the SYN, and the kernel answers for none.
        self.assert_same(recorded_packets(recorded, "sent"), [one for one in seen if one[2] not in refused])
        self.assert_same(recorded_packets(recorded, "received"), [one for one in seen if one[4] not in refused])

        # Whose they are: of every packet the socket; of what a call sent the thread, too.
        self.assertEqual(recorded.query("SELECT DISTINCT kind FROM packet LEFT JOIN resource r ON r.id = resource_id"
                                        " WHERE flags IS NULL OR flags NOT LIKE '%R%'"), [{"kind": "socket"}])
        unknown = recorded.query("SELECT count(*) AS n FROM packet WHERE direction = 'sent' AND utid IS NULL"
                                 " AND protocol = 'udp'")
        self.assertEqual(unknown, [{"n": 0}])
        threads = recorded.query("SELECT DISTINCT t.tid FROM packet JOIN thread t USING (utid)")
        self.assertEqual(len(threads), 3)  # the program's, and a server for each family
        wrong = recorded.query(
            "SELECT p.id, p.src_port, p.dst_port, p.direction, r.name FROM packet p JOIN resource r ON r.id = resource_id"
            " WHERE r.local_port != CASE direction WHEN 'sent' THEN src_port ELSE dst_port END")
        self.assertEqual(wrong, [])

        # 192 bytes of each, or all there is.
        self.assertEqual(recorded.query("SELECT count(*) AS n FROM packet WHERE captured != min(length, 192)"
                                        " OR length(data) != captured"), [{"n": 0}])
        out = self.directory / "out.pcapng"
        done = harness.run_tarry("export", recorded.trace, "--pcapng", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_same(packets_in(out, "tcp || udp"), seen)
        self.assertEqual(self.tshark(out, "_ws.malformed || tcp.analysis.retransmission || tcp.analysis.lost_segment",
                                     "frame.number"), [])
        # What the kernel answered for no socket was only received.
        self.assertEqual(set(self.tshark(out, "!(tcp.flags.reset == 1)", "frame.interface_name", "frame.packet_flags_direction")),
                         {"lo\t0x00000002"})
        self.assertTrue(all(one.startswith("python3 (pid") for one in self.tshark(out, "udp", "frame.comment")))

    def tshark(self, capture, shown, *names):
        command = ["tshark", "-r", str(capture), "-Y", shown, "-T", "fields"]
        for name in names:
            command += ["-e", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=harness.TIMEOUT_S)
        return done.stdout.splitlines()

    def test_only_those_of_recorded_sockets(self):
        """A server that is recorded and one that is not, both with clients that are not."""
        self.begin_capture()
        other = self.start("/usr/bin/python3", self.directory / "server.py")
        other_port = json.loads(other.stdout.readline())["tcp"]
        recorder, trace = self.start_recorder("--packets=64", "/usr/bin/python3", self.directory / "server.py")
        port = json.loads(recorder.stdout.readline())["tcp"]
        for said in (b"one", b"two", b"stop"):
            for target in (other_port, port):
                with socket.create_connection(("127.0.0.1", target)) as client:
                    client.sendall(said)
                    self.assertEqual(client.recv(100), said)
                    time.sleep(0.05)
        _, told = recorder.communicate(timeout=harness.TIMEOUT_S)
        self.assertEqual(recorder.returncode, 0, told)
        self.end_capture()
        recorded = harness.Recorded(trace, 0, "", "")
        seen = packets_in(self.capture, f"tcp.port == {port}")
        sent = [one for one in seen if one[2] == port]
        received = [one for one in seen if one[4] == port]
        # The end of the last connection is that of the program.
        last = {one[4] if one[2] == port else one[2] for one in seen}
        self.assertEqual(len(last), 3)
        ended = seen[-1][4] if seen[-1][2] == port else seen[-1][2]
        alive = lambda packets: [one for one in packets if ended not in (one[2], one[4])]
        self.assert_same(alive(recorded_packets(recorded, "sent")), alive(sent))
        self.assert_same(alive(recorded_packets(recorded, "received")), alive(received))
        for ours, theirs in (("sent", sent), ("received", received)):
            self.assertEqual(set(recorded_packets(recorded, ours)) - set(theirs), set())
        self.assertEqual(recorded.query("SELECT max(captured) AS n FROM packet"), [{"n": 64}])

    def test_a_connection_that_was_there_before(self):
        server = self.start("/usr/bin/python3", self.directory / "server.py")
        port = json.loads(server.stdout.readline())["tcp"]
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"before")
            self.assertEqual(client.recv(100), b"before")
            recorder, trace = self.start_recorder("--packets", "-p", server.pid)
            self.begin_capture()
            for said in (b"one", b"two"):
                client.sendall(said)
                self.assertEqual(client.recv(100), said)
            self.end_capture()
            self.stop_recorder(recorder)
        recorded = harness.Recorded(trace, 0, "", "")
        seen = packets_in(self.capture, f"tcp.port == {port}")
        self.assertGreaterEqual(len(seen), 4)
        self.assert_same(recorded_packets(recorded, "sent"), [one for one in seen if one[2] == port])
        self.assert_same(recorded_packets(recorded, "received"), [one for one in seen if one[4] == port])

    def test_nothing_where_nobody_asked(self):
        recorded = self.record("/usr/bin/python3", self.directory / "scenes.py")
        self.assertEqual(recorded.query("SELECT count(*) AS n FROM packet"), [{"n": 0}])

    def test_ptrace_cannot(self):
        done = harness.run_tarry("record", "--backend", "ptrace", "--packets", "-o", self.directory / "none.tarry", "true")
        self.assert_one_clear_line(done, "--packets", "eBPF", status=125)
        self.assertFalse((self.directory / "none.tarry").exists())


if __name__ == "__main__":
    harness.main()
