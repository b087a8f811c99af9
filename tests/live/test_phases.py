"""How far a conversation had come when its client waited: servers that are late in one phase after the other, and the
trace has to name the phase, its time and the thread at the other end."""
import json
import pathlib

import harness

SCENES = pathlib.Path(__file__).with_name("phase_scenes.py")
PYTHON = "/usr/bin/python3"
SLACK_MS = 60  # of a busy machine, and for short waits in other phases
PHASES = """
SELECT phase, sum(dur) / 1000000 AS ms, (SELECT tid FROM thread WHERE utid = peer_utid) AS peer, max(dur)
FROM thread_state s JOIN thread t USING (utid) JOIN process p USING (upid)
WHERE wait_kind = 'network' AND role = 'answer' GROUP BY phase ORDER BY 2 DESC
"""


class PhasesTest(harness.LiveTest):
    def check(self, scene, *arguments, options=(), text=None, at_level="syscalls"):
        recorded = self.record(PYTHON, SCENES, scene, *arguments, options=options, level=at_level, check=False)
        if "Permission denied" in recorded.stderr:
            return None
        self.assertEqual(recorded.returncode, 0, recorded.stderr)
        said, = recorded.json_lines()
        rows = recorded.query(PHASES)
        seen = {row["phase"]: row["ms"] for row in rows}
        for phase, least_ms in said["phases"].items():
            self.assertGreaterEqual(seen.get(phase, 0), least_ms - 2, (scene, seen))
            if phase not in ("sending", "connect"):
                self.assertLess(seen[phase], least_ms + SLACK_MS, (scene, seen))
        others = {phase: ms for phase, ms in seen.items() if phase not in said["phases"]}
        self.assertLess(sum(others.values()), SLACK_MS, (scene, seen))
        if said["peer"]:
            peers = {row["phase"]: row["peer"] for row in rows if row["phase"] in said["phases"]}
            self.assertEqual(peers, dict.fromkeys(said["phases"], said["peer"]), scene)
        if text:
            self.assertRegex(harness.run_tarry("why", recorded.trace).stdout, text)
        return recorded

    def test_answers(self):
        for scene in ("answer", "polled_answer"):
            with self.subTest(scene=scene):
                self.check(scene, text=r"first byte \d+ ms, receiving \d+ ms")
        self.check("greeting", text="first byte")

    def test_what_the_peer_does_not_take(self):
        for scene in ("sending", "polled_sending"):
            with self.subTest(scene=scene):
                self.check(scene, text="sending")

    def test_connecting_where_the_first_packet_is_lost(self):
        for scene in ("connecting", "polled_connecting"):
            with self.subTest(scene=scene):
                recorded = self.check(scene, text=r"connecting[^\n]*1\.\d+ s|1\.\d+ s[^\n]*connecting")
                if harness.BACKEND == "bpf":
                    again = recorded.query("SELECT count(*) AS n FROM tcp_event WHERE event = 'retransmit'")
                    self.assertGreater(again[0]["n"], 0)
        if harness.BACKEND == "bpf":  # the kernel's own account, without the calls that do not block
            self.check("polled_connecting", at_level="waits")

    def test_name_server(self):
        if self.check("name_server", text="name lookup") is None and harness.BACKEND == "bpf":
            self.skip_loudly("port 53 of 127.0.0.79 cannot be had")

    def test_tls_handshake(self):
        certificate, key = self.certificate()
        for scene in ("tls", "tls_1_2"):
            with self.subTest(scene=scene):
                recorded = self.check(scene, certificate, key, options=["-s", "64"])
                why = json.loads(harness.run_tarry("why", recorded.trace, "--format", "json").stdout)
                self.assertIn('"phase": "tls_handshake"', json.dumps(why))
        with self.subTest(scene="tls_port"):  # without payload
            self.check("tls_port", certificate, key)


if __name__ == "__main__":
    harness.main()
