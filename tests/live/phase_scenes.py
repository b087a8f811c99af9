"""What test_phases.py records: a client whose server lets it wait in one phase after the other. Prints as JSON what
each took (milliseconds at least) and which thread was at the other end: phase_scenes.py SCENE [CERTIFICATE KEY]."""
import errno
import json
import os
import select
import socket
import ssl
import sys
import threading
import time

NAP = 0.25


def tell(phases, peer=None):
    print(json.dumps({"phases": {phase: int(1000 * nap) for phase, nap in phases.items()}, "peer": peer}), flush=True)


class Server:
    """A process with a thread that serves one connection by `talk`, a function of it; `peer`: the thread's id."""

    def __init__(self, talk, port=0):
        with socket.create_server(("127.0.0.1", port)) as listener:
            self.address = listener.getsockname()
            ready, told = os.pipe()
            self.child = os.fork()
            if self.child == 0:
                thread = threading.Thread(target=self.serve, args=(listener, talk), name="worker")
                thread.start()
                os.write(told, str(thread.native_id).encode())
                thread.join()
                os._exit(0)
        self.peer = int(os.read(ready, 20))

    @staticmethod
    def serve(listener, talk):
        connection, _ = listener.accept()
        with connection:
            talk(connection)

    def join(self):
        os.waitpid(self.child, 0)


def slow_answer(connection):
    connection.recv(100)
    time.sleep(NAP)
    connection.sendall(b"begin" * 400)
    time.sleep(NAP)
    connection.sendall(b"end")


def answer():
    server = Server(slow_answer)
    with socket.create_connection(server.address) as client:
        client.sendall(b"question")
        assert client.recv(2000)
        assert client.recv(3) == b"end"
    server.join()
    tell({"first_byte": NAP, "receiving": NAP}, server.peer)


def polled_answer():
    server = Server(slow_answer)
    with socket.create_connection(server.address) as client:
        client.setblocking(False)
        client.sendall(b"question")
        with select.epoll() as epoll:
            epoll.register(client, select.EPOLLIN)
            for size in (2000, 3):
                epoll.poll()
                client.recv(size)
    server.join()
    tell({"first_byte": NAP, "receiving": NAP}, server.peer)


def greeting():
    """The server speaks first."""
    server = Server(lambda connection: (time.sleep(NAP), connection.sendall(b"220 hello")))
    with socket.create_connection(server.address) as client:
        client.recv(100)
    server.join()
    tell({"first_byte": NAP}, server.peer)


def late_reader(connection):
    time.sleep(NAP)
    while connection.recv(1 << 20):
        pass


def sending():
    server = Server(late_reader)
    with socket.create_connection(server.address) as client:
        client.sendall(b"x" * 20_000_000)
    server.join()
    tell({"sending": NAP / 2}, server.peer)  # what the buffers hold goes without a wait


def polled_sending():
    server = Server(late_reader)
    with socket.create_connection(server.address) as client:
        client.setblocking(False)
        left = memoryview(b"x" * 20_000_000)
        while left:
            try:
                left = left[client.send(left):]
            except BlockingIOError:
                select.select([], [client], [])
    server.join()
    tell({"sending": NAP / 2}, server.peer)


def full_listener():
    """One whose queue is full drops the SYN, which is sent again after a second."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fill = socket.create_connection(listener.getsockname())
    timer = threading.Timer(NAP, lambda: [listener.accept() for _ in range(2)])
    timer.start()
    return listener, fill, timer


def connecting():
    listener, _fill, timer = full_listener()
    socket.create_connection(listener.getsockname())
    timer.join()
    tell({"connect": 0.9})


def polled_connecting():
    listener, _fill, timer = full_listener()
    client = socket.socket()
    client.setblocking(False)
    assert client.connect_ex(listener.getsockname()) == errno.EINPROGRESS
    poll = select.poll()
    poll.register(client, select.POLLOUT)
    poll.poll()
    timer.join()
    tell({"connect": 0.9})


def name_server():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.79", 53))
    child = os.fork()
    if child == 0:
        query, client = server.recvfrom(512)
        time.sleep(NAP)
        server.sendto(query, client)
        os._exit(0)
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect(("127.0.0.79", 53))
    client.send(b"\0\1\1\0\0\1\0\0\0\0\0\0\3www\0\0\1\0\1")
    poll = select.poll()
    poll.register(client, select.POLLIN)
    poll.poll()
    client.recv(512)
    os.waitpid(child, 0)
    tell({"dns": NAP})


def tls(port=0, version=ssl.TLSVersion.TLSv1_3):
    certificate, key = sys.argv[2:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def talk(connection):
        time.sleep(NAP)
        with context.wrap_socket(connection, server_side=True) as encrypted:
            slow_answer(encrypted)
    server = Server(talk, port)
    trusting = ssl.create_default_context(cafile=certificate)
    trusting.maximum_version = version
    with socket.create_connection(server.address) as plain:
        with trusting.wrap_socket(plain, server_hostname="localhost") as client:
            client.sendall(b"question")
            client.recv(2000)
            client.recv(3)
    server.join()
    tell({"tls_handshake": NAP, "first_byte": NAP, "receiving": NAP}, server.peer)


SCENES = {
    "answer": answer,
    "polled_answer": polled_answer,
    "greeting": greeting,
    "sending": sending,
    "polled_sending": polled_sending,
    "connecting": connecting,
    "polled_connecting": polled_connecting,
    "name_server": name_server,
    "tls": tls,
    "tls_1_2": lambda: tls(version=ssl.TLSVersion.TLSv1_2),
    "tls_port": lambda: tls(port=443),
}

if __name__ == "__main__":
    SCENES[sys.argv[1]]()
