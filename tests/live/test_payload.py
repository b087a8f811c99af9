"""Payload oracle: what programs send and receive is in the trace byte by byte, as far as --snaplen says, however
large the calls are and by whichever call they move it."""
import harness

SIZE = 1_000_000
PROGRAM = f"""
import os, socket, sys, threading
data = bytes((i * 7 + i // 251) & 255 for i in range({SIZE}))

def send(fd, sock):
    sock.sendall(data[:400_000])
    os.writev(fd, [data[400_000:400_100], data[400_100:450_000], data[450_000:460_000]])
    sock.sendmsg([data[460_000:500_000], data[500_000:500_010]])
    sock.send(data[500_010:500_011])
    done = 500_011
    while done < {SIZE}:
        done += os.write(fd, data[done:])
    sock.close()

def receive(sock):
    size, turn = 0, 0
    while True:
        turn += 1
        if turn % 3 == 0:
            buffers = [bytearray(10), bytearray(40_000), bytearray(50_000)]
            got = sock.recvmsg_into(buffers)[0]
        elif turn % 3 == 1:
            got = len(sock.recv(131_072))
        else:
            got = len(os.read(sock.fileno(), 65_536))
        if not got:
            return size
        size += got

def tcp():
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    return client, server.accept()[0]

one, other = tcp() if sys.argv[1] == "tcp" else socket.socketpair()
# Partial writes, so that what was offered is more than what was taken.
one.setblocking(True)
thread = threading.Thread(target=send, args=(one.fileno(), one))
thread.start()
assert receive(other) == {SIZE}
thread.join()
"""

# In the order of time; what a call sent or received, its data cut to what it moved.
MOVED = """
SELECT hex(substr(p.data, 1, s.ret)) AS data, s.ret AS moved FROM payload p
JOIN syscall s ON s.id = p.syscall_id JOIN resource r ON r.id = p.resource_id
WHERE r.kind = '{kind}' AND s.ret > 0 AND p.direction = '{direction}' AND p.arg = 1
  AND s.name IN ('read', 'recvfrom', 'recvmsg', 'write', 'writev', 'sendto', 'sendmsg') AND {where}
  AND p.part = CASE WHEN s.name IN ('writev', 'sendmsg', 'readv', 'recvmsg') THEN 3 ELSE 0 END
ORDER BY p.id
"""


def expected():
    return bytes((i * 7 + i // 251) & 255 for i in range(SIZE))


class PayloadTest(harness.LiveTest):
    def moved(self, recorded, kind, direction, where="true"):
        return [(bytes.fromhex(row["data"]), row["moved"])
                for row in recorded.query(MOVED.format(kind=kind, direction=direction, where=where))]

    def record_program(self, how, snaplen):
        program = self.directory / "program.py"
        program.write_text(PROGRAM)
        return self.record("/usr/bin/python3", program, how, options=["-s", snaplen])

    def test_all_of_it(self):
        for how, kind in (("tcp", "socket"), ("unix", "unix")):
            with self.subTest(how=how):
                recorded = self.record_program(how, "all")
                self.assertEqual(recorded.query("SELECT * FROM loss"), [])
                for direction in ("in", "out"):
                    pieces = self.moved(recorded, kind, direction)
                    self.assertGreater(max(moved for _, moved in pieces), 40_000)
                    self.assertEqual([len(data) for data, _ in pieces], [moved for _, moved in pieces])
                    self.assertEqual(b"".join(data for data, _ in pieces), expected())

    def test_as_much_as_was_asked_for(self):
        # Within a part, beyond one, beyond what parts can hold.
        for snaplen in (100, 12_000, 30_000):
            with self.subTest(snaplen=snaplen):
                recorded = self.record_program("tcp", snaplen)
                whole, at = expected(), 0
                for data, moved in self.moved(recorded, "socket", "in"):
                    self.assertEqual(data, whole[at:at + min(moved, snaplen)])
                    at += moved
                self.assertEqual(at, SIZE)

    def test_all_messages_of_a_call(self):
        """Many more than a record has room for, and of different sizes."""
        for count in (64, 1024):
            with self.subTest(count=count):
                recorded = self.record(harness.workload("messages"), count, options=["-s", "all"])
                messages = [f"message {i:04} of {count}".encode() + b"." * (i % 7 * 50) for i in range(1, count + 1)]
                self.assertEqual(recorded.query("SELECT * FROM loss"), [])
                for name, direction in (("sendmmsg", "in"), ("recvmmsg", "out")):
                    rows = recorded.query(f"""
                        SELECT hex(p.data) AS data, p.length FROM payload p JOIN syscall s ON s.id = p.syscall_id
                        WHERE s.name = '{name}' AND p.direction = '{direction}' AND p.part % 8 = 3
                          AND p.part / 8 <= s.ret ORDER BY p.id""")
                    self.assertEqual([bytes.fromhex(row["data"]) for row in rows], messages)
                    self.assertEqual([row["length"] for row in rows], [len(message) for message in messages])
                found = harness.run_tarry("grep", "--both-ends", f"message {count:04}", recorded.trace).stdout
                self.assertEqual(found.count(f"message {count:04} of {count}"), 2, found)

    def test_files_are_cut(self):
        """Only what is said between programs is kept whole: a file is there to be read again."""
        path = self.directory / "file"
        path.write_bytes(expected())
        recorded = self.record("cat", path, options=["-s", "all"])
        pieces = self.moved(recorded, "file", "out", f"r.path = '{path}'")
        self.assertEqual(sum(moved for _, moved in pieces), SIZE)
        self.assertEqual({len(data) for data, moved in pieces if moved > 15 * 1024}, {15 * 1024})


if __name__ == "__main__":
    harness.main()
