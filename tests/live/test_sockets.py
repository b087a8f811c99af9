"""Sockets: what the kernel says of a connection (TCP_INFO, /proc/net/tcp), and what the trace says of it."""
import json
import pathlib
import shutil
import subprocess
import time

import harness

SCENES = pathlib.Path(__file__).with_name("socket_scenes.py")
PROC_STATES = {"ESTAB": 1, "FIN-WAIT-2": 5, "CLOSE-WAIT": 8, "LISTEN": 10}


def scene(name):
    return ["/usr/bin/python3", str(SCENES), name]


class SocketsTest(harness.LiveTest):
    def sockets(self, recorded):
        rows = recorded.query("SELECT * FROM socket")
        return {(row["local_port"], row["role"]): row for row in rows if row["protocol"] == "TCP"}

    def same_counts(self, row, told):
        """At the end, against what the program was told before its last segments."""
        self.assertEqual(row["bytes_sent"], told["bytes_sent"] - told["bytes_retrans"])
        self.assertEqual(row["retransmits"], told["retransmits"])
        self.assertGreaterEqual(row["segs_out"], told["segs_out"])
        self.assertGreaterEqual(row["segs_in"], told["segs_in"])
        self.assertEqual(row["mss"], told["mss"])
        self.assertGreater(row["srtt_us"], 0)
        self.assertLessEqual(row["min_rtt_us"], told["min_rtt_us"])

    def test_both_ends_of_a_connection(self):
        self.needs("socket events")
        for name, level in [("talk", None), ("talk6", None), ("talk", "waits")]:
            with self.subTest(scene=name, level=level):
                recorded = self.record(*scene(name), level=level)
                client, server = recorded.json_lines()
                found = self.sockets(recorded)
                here, there = found[client["port"], "client"], found[server["port"], "server"]
                self.same_counts(here, client)
                self.same_counts(there, server)
                self.assertEqual((here["bytes_sent"], here["bytes_received"]), (8, 1_000_000))
                self.assertEqual((there["bytes_sent"], there["bytes_received"]), (1_000_000, 8))
                self.assertEqual(here["peer_socket_id"], there["id"])
                self.assertEqual(there["peer_socket_id"], here["id"])
                self.assertEqual(here["peer_upid"], here["upid"])
                self.assertLess(here["connect_ts"], here["established_ts"])
                self.assertEqual(here["handshake_ns"], here["established_ts"] - here["connect_ts"])
                self.assertGreater(there["handshake_ns"], 0)
                self.assertLess(here["established_ts"], here["close_ts"])
                self.assertIsNone(here["error"])
                self.assertIsNotNone(found[server["port"], "listener"]["listen_ts"])
                if level is None:
                    self.assertLess(here["created_ts"], here["connect_ts"])
                    self.assertIsNotNone(found[server["port"], "listener"]["bound_ts"])

    def test_what_the_kernel_says_at_the_close(self):
        """By ptrace there are no events, but a connection is asked before it is closed."""
        if harness.BACKEND != "ptrace":
            return
        for name in ("talk", "talk6"):
            with self.subTest(scene=name):
                recorded = self.record(*scene(name))
                client, server = recorded.json_lines()
                found = self.sockets(recorded)
                for role, told in (("client", client), ("server", server)):
                    row = found[told["port"], role]
                    self.same_counts(row, told)
                    self.assertIsNotNone(row["close_ts"])
                self.assertEqual(found[client["port"], "client"]["bytes_received"], 1_000_000)

    def test_connecting_without_waiting(self):
        recorded = self.record("/usr/bin/python3", "-c", """
import select, socket
server = socket.create_server(("127.0.0.1", 0))
client = socket.socket()
client.setblocking(False)
client.connect_ex(server.getsockname())
select.select([], [client], [])
client.send(b"hello")
server.accept()[0].recv(5)
""")
        row = recorded.query("SELECT * FROM socket WHERE role = 'client'")[0]
        self.assertLess(row["connect_ts"], row["established_ts"])
        self.assertEqual(row["bytes_sent"], 5)
        self.assertNotIn("given up", harness.run_tarry("net", recorded.trace).stdout)

    def test_bytes_are_those_of_the_calls(self):
        recorded = self.record(*scene("talk"))
        sums = recorded.query(
            "SELECT s.role, s.bytes_sent, sum(CASE WHEN c.name = 'sendto' THEN c.bytes END) AS by_calls FROM socket s "
            "JOIN resource r ON r.cookie = s.cookie JOIN syscall c ON c.resource_id = r.id AND c.bytes > 0 "
            "WHERE s.protocol = 'TCP' GROUP BY s.id")
        self.assertEqual(len(sums), 2)
        for row in sums:
            self.assertEqual(row["bytes_sent"], row["by_calls"])

    def test_refused(self):
        recorded = self.record(*scene("refused"))
        told, = recorded.json_lines()
        row, = recorded.query(f"SELECT * FROM socket WHERE remote_port = {told['remote_port']}")
        self.assertEqual((row["error"], row["established_ts"]), ("ECONNREFUSED", None))
        self.assertEqual(row["resets_received"], 1 if harness.knows("socket events") else None)
        net = harness.run_tarry("net", recorded.trace).stdout
        self.assertRegex(net, rf"→ 127\.0\.0\.1:{told['remote_port']} .* ECONNREFUSED")

    def test_reset(self):
        self.needs("socket events")
        recorded = self.record(*scene("reset"))
        told, = recorded.json_lines()
        found = self.sockets(recorded)
        client = found[told["port"], "client"]
        self.assertEqual((client["error"], client["resets_received"]), ("ECONNRESET", 1))
        server, = [row for row in found.values() if row["remote_port"] == told["port"]]
        self.assertEqual((server["resets_sent"], server["peer_socket_id"]), (1, client["id"]))

    def own_network(self, name):
        """Records a scene in a network namespace of its own."""
        self.needs("socket events")
        tools = [tool for tool in ("unshare", "ip", "tc") if not shutil.which(tool)]
        if tools or subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
            self.skip_loudly(f"no network namespace can be made here ({', '.join(tools) or 'not allowed'})")
        recorded = self.record("unshare", "-n", *scene(name), check=False)
        if recorded.returncode:
            self.skip_loudly(f"the scene cannot be set: {recorded.stderr.strip().splitlines()[-1]}")
        return recorded

    def test_lost_segments(self):
        recorded = self.own_network("lossy")
        told, = recorded.json_lines()
        self.assertGreater(told["retransmits"], 0, "nothing was lost: nothing to compare")
        row = self.sockets(recorded)[told["port"], "client"]
        self.same_counts(row, told)
        self.assertEqual(row["bytes_retrans"], told["bytes_retrans"])
        events = recorded.query(f"SELECT count(*) AS n FROM tcp_event WHERE socket_id = {row['id']} "
                                "AND event = 'retransmit'")[0]["n"]
        self.assertEqual(events > 0, True)
        self.assertLessEqual(events, told["retransmits"])  # one may be of several segments
        self.assertIn("sent again", harness.run_tarry("net", recorded.trace).stdout)

    def test_nobody_answers(self):
        recorded = self.own_network("unanswered")
        told, timed_out = recorded.json_lines()
        row, = recorded.query("SELECT * FROM socket WHERE remote_port = 80")
        self.assertEqual((row["established_ts"], row["error"], row["retransmits"]), (None, None, told["retransmits"]))
        self.assertGreaterEqual(row["retransmits"], 1)
        row, = recorded.query("SELECT * FROM socket WHERE remote_port = 81")
        self.assertEqual((row["established_ts"], row["error"]), (None, "ETIMEDOUT"))
        net = harness.run_tarry("net", recorded.trace).stdout
        self.assertRegex(net, r"→ 10\.9\.8\.2:80 .* given up without an answer")
        self.assertRegex(net, r"→ 10\.9\.8\.2:81 .* ETIMEDOUT")

    def read_lines(self, process, last):
        told = {}
        while last not in told:
            line = json.loads(process.stdout.readline())
            told[line["scene"]] = line
        return told

    def proc_states(self):
        lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
        return {(int(fields[1].split(":")[1], 16), int(fields[2].split(":")[1], 16)): int(fields[3], 16)
                for fields in (line.split() for line in lines)}

    def test_what_is_open_at_the_end(self):
        self.needs("socket events")
        for options in ([], ["--level", "waits"]):
            with self.subTest(options=options):
                trace = self.directory / f"open{len(options)}.tarry"
                recorder = self.start(harness.TARRY, "record", *harness.recording(), "-o", trace, *options, "--",
                                      *scene("stays"))
                told = self.read_lines(recorder, "listener")
                other = told["other"]["port"], told["half"]["port"]
                harness.wait_until(lambda: self.proc_states()[other] == PROC_STATES["FIN-WAIT-2"], what="its FIN's ACK")
                states = self.proc_states()
                recorder.send_signal(2)
                time.sleep(0.2)  # two in a second end the recording, not the command
                recorder.send_signal(2)
                harness.wait_until(lambda: harness.run_tarry("check", trace).returncode == 0, what="the trailer")
                found = {row["local_port"]: row for row in harness.query(
                    trace, "SELECT * FROM socket WHERE role = 'client'")}
                for name, state in [("client", "ESTAB"), ("half", "CLOSE-WAIT"), ("waiting", "ESTAB")]:
                    row = found[told[name]["port"]]
                    self.assertEqual(row["state"], state, name)
                    self.assertEqual(PROC_STATES[state], states[row["local_port"], row["remote_port"]], name)
                    self.assertIsNone(row["close_ts"])
                    self.same_counts(row, told[name])
                    peer, = harness.query(trace, f"SELECT * FROM socket WHERE id = {row['peer_socket_id']}")
                    self.assertEqual(peer["role"], "server")
                    self.assertEqual(peer["receive_queue"], 6 if name == "client" else 0)
                    self.assertEqual(PROC_STATES[peer["state"]], states[row["remote_port"], row["local_port"]], name)
                    self.assertEqual(peer["upid"] is None, name == "waiting", name)
                net = harness.run_tarry("net", trace).stdout
                self.assertIn("never accepted", net)
                self.assertIn("half open: CLOSE-WAIT", net)
                self.assertIn("6 B not read", net)

    def test_what_was_open_before(self):
        self.needs("socket events")
        program = self.start(*scene("existed"))
        pid = self.read_lines(program, "ready")["ready"]["pid"]
        recorder, trace = self.start_recorder("-p", str(pid))
        program.stdin.write("go\n")
        program.stdin.flush()
        told = self.read_lines(program, "server")
        status, _, err = self.stop_recorder(recorder)
        self.assertEqual(status, 0, err)
        for name in ("client", "server"):
            row, = harness.query(trace, f"SELECT * FROM socket WHERE local_port = {told[name]['port']} "
                                 "AND remote_port IS NOT NULL")
            self.same_counts(row, told[name])
            self.assertEqual((row["state"], row["established_ts"], row["handshake_ns"]), ("ESTAB", None, None))

    def test_nothing_of_others(self):
        """The sockets of who is not recorded leave no events."""
        self.needs("socket events")
        other = self.start(*scene("existed"))
        self.read_lines(other, "ready")
        recorder, trace = self.start_recorder("--", "sleep", "1")
        other.stdin.write("go\n")
        other.stdin.flush()
        subprocess.run(scene("reset"), check=True, capture_output=True)
        recorder.communicate(timeout=harness.TIMEOUT_S)
        self.assertEqual(harness.query(trace, "SELECT count(*) AS n FROM tcp_event"), [{"n": 0}])

    def test_unix_and_datagram_sockets(self):
        recorded = self.record("/usr/bin/python3", "-c", """
import socket
a, b = socket.socketpair(); a.send(b'abc'); b.recv(10)
u = socket.socket(type=socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0))
v = socket.socket(type=socket.SOCK_DGRAM); v.connect(u.getsockname()); v.send(b'12345'); u.recv(10)
""")
        pair = recorded.query("SELECT * FROM socket WHERE role = 'pair' AND bytes_sent + bytes_received > 0 ORDER BY id")
        self.assertEqual([(row["bytes_sent"], row["bytes_received"]) for row in pair], [(3, 0), (0, 3)])
        self.assertEqual([row["peer_socket_id"] for row in pair], [pair[1]["id"], pair[0]["id"]])
        udp = recorded.query("SELECT * FROM socket WHERE protocol = 'UDP' AND upid IN (SELECT upid FROM process "
                             "WHERE recorded) ORDER BY bytes_sent")
        self.assertEqual([(row["bytes_sent"], row["bytes_received"], row["role"]) for row in udp],
                         [(0, 5, "datagram"), (5, 0, "datagram")])


if __name__ == "__main__":
    harness.main()
