"""A DNS server for the tests, on ADDRESS port 53 over UDP and TCP: names_server.py ADDRESS COMMAND... answers by
what a name begins with while the command runs, and exits with its status.

    www  192.0.2.1, 2001:db8::1        alias  a CNAME of real.example, 192.0.2.7     nx  NXDOMAIN    fail  SERVFAIL
    drop nothing at all                big    truncated over UDP, whole over TCP      late nothing the first time
"""
import socket
import struct
import subprocess
import sys
import threading

A, AAAA = 1, 28
seen = set()


def name_of(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels), at + 1


def record(owner, kind, data):
    return owner + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def answer(query, tcp):
    name, end = name_of(query)
    kind, = struct.unpack("!H", query[end:end + 2])
    flags, records = 0x8180, []
    again = (name, kind) in seen
    seen.add((name, kind))
    if name.startswith("drop") or name.startswith("late") and not again:
        return None
    if name.startswith("nx"):
        flags |= 3
    elif name.startswith("fail"):
        flags |= 2
    elif name.startswith("big") and not tcp:
        flags |= 0x200
    elif name.startswith("alias") and kind == A:
        real = b"\4real\7example\0"
        records = [record(b"\xc0\x0c", 5, real), record(real, A, bytes([192, 0, 2, 7]))]
    elif kind == A:
        records = [record(b"\xc0\x0c", A, bytes([192, 0, 2, 1]))]
    elif kind == AAAA:
        records = [record(b"\xc0\x0c", AAAA, socket.inet_pton(socket.AF_INET6, "2001:db8::1"))]
    return (query[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0) + query[12:end + 4] + b"".join(records))


def receive_all(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            return None
        data += more
    return data


def serve_tcp(listener):
    while True:
        connection, _ = listener.accept()
        with connection:
            # A resolver may send several questions over one connection.
            while (size := receive_all(connection, 2)) and (query := receive_all(connection, int.from_bytes(size, "big"))):
                said = answer(query, True)
                connection.sendall(struct.pack("!H", len(said)) + said)


def serve_udp(udp):
    while True:
        query, peer = udp.recvfrom(4096)
        said = answer(query, False)
        if said:
            udp.sendto(said, peer)


def main():
    address, *command = sys.argv[1:]
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((address, 53))
    tcp = socket.create_server((address, 53))
    threading.Thread(target=serve_tcp, args=(tcp,), daemon=True).start()
    threading.Thread(target=serve_udp, args=(udp,), daemon=True).start()
    return subprocess.run(command).returncode


if __name__ == "__main__":
    sys.exit(main())
