"""What test_sockets.py records: connections that end in known ways, and what the kernel says of each of them
(getsockopt TCP_INFO), printed as JSON lines before they close."""
import json
import os
import socket
import struct
import subprocess
import sys
import threading

LINGER_RESET = struct.pack("ii", 1, 0)


def tcp_info(sock):
    """struct tcp_info of include/uapi/linux/tcp.h, what is compared of it."""
    raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    u32 = lambda at: struct.unpack_from("I", raw, at)[0]
    u64 = lambda at: struct.unpack_from("Q", raw, at)[0]
    return {"rtt_us": u32(68), "retransmits": u32(100), "bytes_received": u64(128), "segs_out": u32(136),
            "segs_in": u32(140), "min_rtt_us": u32(148), "bytes_sent": u64(200), "bytes_retrans": u64(208),
            "mss": u32(16), "cwnd": u32(80)}


def tell(what, sock, **more):
    host, port = sock.getsockname()[:2]
    print(json.dumps({"scene": what, "host": host, "port": port, **tcp_info(sock), **more}), flush=True)


def listener(family=socket.AF_INET):
    sock = socket.socket(family)
    sock.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
    sock.listen()
    return sock


def connect(to):
    sock = socket.socket(to.family)
    sock.connect(to.getsockname())
    return sock, to.accept()[0]


def read_all(sock):
    total = 0
    while True:
        data = sock.recv(1 << 16)
        if not data:
            return total
        total += len(data)


def talk(family):
    client, server = connect(listener(family))
    client.sendall(b"question")
    assert server.recv(100) == b"question"
    reader = threading.Thread(target=lambda: read_all(client))
    reader.start()
    server.sendall(b"x" * 1_000_000)
    server.shutdown(socket.SHUT_WR)
    reader.join()
    client.shutdown(socket.SHUT_WR)
    assert read_all(server) == 0
    tell("client", client)
    tell("server", server)


def refused():
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))  # not listening: nobody else gets the port
    sock = socket.socket()
    try:
        sock.connect(taken.getsockname())
    except ConnectionRefusedError:
        print(json.dumps({"scene": "refused", "remote_port": taken.getsockname()[1]}), flush=True)


def reset():
    client, server = connect(listener())
    tell("reset client", client)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
    server.close()
    try:
        client.recv(1)
    except ConnectionResetError:
        client.close()


def lossy():
    """On a loopback interface of its own that drops what comes too fast."""
    ip = lambda *words: subprocess.run(words, check=True)
    ip("ip", "link", "set", "lo", "up")
    ip("tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", "100mbit", "burst", "80k", "limit", "100k")
    client, server = connect(listener())
    reader = threading.Thread(target=lambda: read_all(server))
    reader.start()
    client.sendall(b"y" * 4_000_000)
    client.shutdown(socket.SHUT_WR)
    reader.join()
    server.shutdown(socket.SHUT_WR)
    assert read_all(client) == 0
    tell("lossy", client)


def unanswered():
    """On an interface behind which nobody is."""
    run = lambda *words: subprocess.run(words, check=True)
    run("ip", "link", "add", "here", "type", "veth", "peer", "name", "there")
    run("ip", "addr", "add", "10.9.8.1/24", "dev", "here")
    run("ip", "link", "set", "here", "up")
    run("ip", "link", "set", "there", "up")
    run("ip", "neigh", "add", "10.9.8.2", "lladdr", "02:00:00:00:00:02", "dev", "here")
    sock = socket.socket()
    sock.settimeout(1.6)  # the first SYN is sent again after a second
    try:
        sock.connect(("10.9.8.2", 80))
    except TimeoutError:
        tell("unanswered", sock)
    sock.close()
    kernel = socket.socket()
    kernel.setsockopt(socket.IPPROTO_TCP, 18, 1200)  # TCP_USER_TIMEOUT, ms
    try:
        kernel.connect(("10.9.8.2", 81))
    except TimeoutError as error:
        print(json.dumps({"scene": "timed out", "errno": error.errno}), flush=True)


def stays():
    """Tells what is open and waits until stdin ends."""
    listening = listener()
    client, server = connect(listening)
    client.sendall(b"unread")
    half, other = connect(listening)
    other.shutdown(socket.SHUT_WR)  # half is in CLOSE_WAIT, other in FIN_WAIT2
    half.recv(1)
    waiting = socket.socket()
    waiting.connect(listening.getsockname())  # nobody accepts it
    for name, sock in [("client", client), ("server", server), ("half", half), ("other", other),
                       ("waiting", waiting)]:
        tell(name, sock)
    print(json.dumps({"scene": "listener", "port": listening.getsockname()[1]}), flush=True)
    sys.stdin.read()


def existed():
    """The same, but talks once more when told to."""
    client, server = connect(listener())
    print(json.dumps({"scene": "ready", "pid": os.getpid()}), flush=True)
    sys.stdin.readline()
    client.sendall(b"late")
    server.recv(10)
    tell("client", client)
    tell("server", server)
    sys.stdin.read()


if __name__ == "__main__":
    {"talk": lambda: talk(socket.AF_INET), "talk6": lambda: talk(socket.AF_INET6), "refused": refused, "reset": reset,
     "lossy": lossy, "unanswered": unanswered, "stays": stays, "existed": existed}[sys.argv[1]]()
