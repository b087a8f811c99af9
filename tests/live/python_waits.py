"""What ordinary Python programs wait for, each case saying what a recording of it should show. Run by
test_python_waits.py, once for every case: python_waits.py CASE. Prints lines as tests/workloads/workload.h does.

Written from the manuals of Python and of the calls, as a user would write such programs; nothing here is
made so that it is easy to see through."""
import asyncio
import fcntl
import http.client
import http.server
import json
import multiprocessing
import os
import pty
import queue
import select
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

NAP = 0.12
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def now():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Waiting:
    """with Waiting("label", kind=…): the one wait in it that the test is about."""

    def __init__(self, label, kind, call="", resource_kind="", resource="", role="", context="",
                 least=NAP * 0.85, waker_tid=0):
        self.line = dict(label=label, kind=kind, call=call, resource_kind=resource_kind, resource=resource,
                         role=role, context=context, least_ns=int(least * 1e9), waker_tid=waker_tid)

    def __enter__(self):
        self.line["tid"] = threading.get_native_id()
        self.line["begin_ns"] = now()
        return self

    def __exit__(self, *failure):
        self.line["end_ns"] = now()
        if not any(failure):
            print(json.dumps(self.line), flush=True)


def later(function, *arguments, after=NAP):
    """Calls it in another thread after a while; the thread is joined by whoever asks."""
    def run():
        time.sleep(after)
        function(*arguments)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@case
def consumer_of_a_queue():
    """A worker takes from queue.Queue: parked on a lock until somebody puts."""
    items = queue.Queue()
    producer = later(items.put, "work")
    with Waiting("queue.get", "lock", call="futex", context="thread", waker_tid=producer.native_id):
        items.get()
    producer.join()


@case
def condition_variable():
    condition = threading.Condition()

    def notify():
        with condition:
            condition.notify()
    waker = later(notify)
    with condition, Waiting("Condition.wait", "lock", call="futex", waker_tid=waker.native_id):
        condition.wait()
    waker.join()


@case
def event_with_timeout():
    """Nobody sets it: time passes, no more."""
    with Waiting("Event.wait that times out", "sleep", call="futex", context="timer"):
        threading.Event().wait(NAP)


@case
def joining_a_thread():
    worker = threading.Thread(target=time.sleep, args=(NAP,))
    worker.start()
    with Waiting("Thread.join", "lock", call="futex", least=NAP * 0.9):
        worker.join()


@case
def slow_http_server():
    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            time.sleep(NAP)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"late")

        def log_message(self, *_):
            pass
    server = http.server.HTTPServer(("127.0.0.1", 0), Slow)
    port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Waiting("urlopen", "network", call="recvfrom", resource_kind="socket", resource=f"127.0.0.1:{port}",
                 role="answer"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/").read()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/")
    # With a timeout Python polls before it receives.
    with Waiting("answer with a timeout set", "network", call="poll", resource_kind="socket",
                 resource=f"127.0.0.1:{port}", role="answer", least=NAP * 0.9):
        connection.getresponse().read()
    server.shutdown()


@case
def server_in_accept():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        client = later(lambda: socket.create_connection(address).close())
        with Waiting("accept", "network", call="accept4", resource_kind="socket", role="idle"):
            listener.accept()[0].close()
        client.join()


@case
def asyncio_client_and_server():
    """One loop, both ends: epoll_wait is ended by the timer, then by the sockets."""
    async def answer(reader, writer):
        await reader.readline()
        await asyncio.sleep(NAP)
        writer.write(b"done\n")
        writer.close()

    async def main():
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        with Waiting("asyncio.sleep", "sleep", call="epoll_wait", least=NAP * 0.95):
            writer.write(b"hello\n")
            await reader.readline()
        writer.close()
        server.close()
    asyncio.run(main())


@case
def asyncio_subprocess():
    async def main():
        process = await asyncio.create_subprocess_exec("sh", "-c", f"sleep {NAP}; echo out",
                                                       stdout=subprocess.PIPE)
        with Waiting("pipe of a subprocess in a loop", "ipc", call="epoll_wait", resource_kind="pipe",
                     least=NAP * 0.9):
            await process.stdout.readline()
        await process.wait()
    asyncio.run(main())


@case
def output_of_a_program():
    with Waiting("subprocess.check_output", "ipc", call="read", resource_kind="pipe", context="thread"):
        subprocess.check_output(["sh", "-c", f"sleep {NAP}; echo out"])


@case
def program_without_output():
    with Waiting("subprocess.run", "child", call="wait4"):
        subprocess.run(["sleep", str(NAP)], check=True)


@case
def communicate_with_two_pipes():
    process = subprocess.Popen(["sh", "-c", f"sleep {NAP}; echo out; echo err >&2"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    with Waiting("Popen.communicate", "ipc", call="poll", resource_kind="pipe", least=NAP * 0.9):
        process.communicate()


@case
def queue_between_processes():
    items = multiprocessing.Queue()

    def produce():
        time.sleep(NAP)
        items.put("work")
    child = multiprocessing.Process(target=produce)
    child.start()
    with Waiting("multiprocessing.Queue.get", "ipc", call="read", resource_kind="pipe", least=NAP * 0.8):
        items.get()
    child.join()


@case
def semaphore_between_processes():
    gate = multiprocessing.Semaphore(0)

    def open_gate():
        time.sleep(NAP)
        gate.release()
    child = multiprocessing.Process(target=open_gate)
    child.start()
    with Waiting("multiprocessing.Semaphore", "lock", call="futex", least=NAP * 0.8, waker_tid=child.pid):
        gate.acquire()
    child.join()


@case
def unix_socket_pair():
    here, there = socket.socketpair()
    writer = later(there.send, b"x")
    with Waiting("socketpair", "ipc", call="recvfrom", resource_kind="unix", waker_tid=writer.native_id):
        here.recv(1)
    writer.join()


@case
def datagrams():
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    waker = later(sender.sendto, b"x", receiver.getsockname())
    with Waiting("UDP", "network", call="recvfrom", resource_kind="socket"):
        receiver.recvfrom(1)
    waker.join()


@case
def selector_of_several():
    """Three pipes, a socket: the one that gets something is named."""
    selector = selectors.EpollSelector()
    pipes = [os.pipe() for _ in range(3)]
    here, there = socket.socketpair()
    for read_end, _ in pipes:
        selector.register(read_end, selectors.EVENT_READ)
    selector.register(here, selectors.EVENT_READ)
    writer = later(os.write, pipes[1][1], b"x")
    with Waiting("epoll of several: a pipe", "ipc", call="epoll_wait", resource_kind="pipe"):
        assert selector.select()[0][0].fd == pipes[1][0]
    os.read(pipes[1][0], 1)
    writer.join()
    writer = later(there.send, b"x")
    with Waiting("epoll of several: a Unix socket", "ipc", call="epoll_wait", resource_kind="unix"):
        assert selector.select()[0][0].fd == here.fileno()
    writer.join()


@case
def select_that_times_out():
    read_end, _ = os.pipe()
    with Waiting("select with a time-out", "sleep", call="pselect6", context="timer"):
        select.select([read_end], [], [], NAP)


@case
def edge_triggered():
    epoll = select.epoll()
    read_end, write_end = os.pipe()
    epoll.register(read_end, select.EPOLLIN | select.EPOLLET)
    os.write(write_end, b"a")
    epoll.poll()
    writer = later(os.write, write_end, b"b")  # what is there already is no news
    with Waiting("edge-triggered epoll", "ipc", call="epoll_wait", resource_kind="pipe"):
        epoll.poll()
    writer.join()


@case
def file_locks():
    with tempfile.NamedTemporaryFile(dir=".") as file:
        for label, call, lock, unlock in (
                ("flock", "flock", lambda fd: fcntl.flock(fd, fcntl.LOCK_EX), lambda fd: fcntl.flock(fd, fcntl.LOCK_UN)),
                ("lockf", "fcntl", lambda fd: fcntl.lockf(fd, fcntl.LOCK_EX), lambda fd: fcntl.lockf(fd, fcntl.LOCK_UN))):
            held, tell = os.pipe()
            child = os.fork()
            if child == 0:
                fd = os.open(file.name, os.O_RDWR)
                lock(fd)
                os.write(tell, b"x")
                time.sleep(NAP)
                unlock(fd)
                os._exit(0)
            os.read(held, 1)
            fd = os.open(file.name, os.O_RDWR)
            with Waiting(label, "lock", call=call, resource=os.path.basename(file.name), least=NAP * 0.9,
                         waker_tid=child):
                lock(fd)
            os.waitpid(child, 0)
            os.close(fd)


@case
def terminal():
    """A person who types late."""
    master, slave = pty.openpty()
    typist = later(os.write, master, b"yes\n")
    with Waiting("input", "terminal", call="read", resource_kind="tty"):
        os.read(slave, 100)
    typist.join()


@case
def signals():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    waker = later(os.kill, os.getpid(), signal.SIGUSR1)
    with Waiting("sigwait", "signal", call="rt_sigtimedwait"):
        signal.sigwait([signal.SIGUSR1])
    waker.join()
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, NAP)
    with Waiting("pause", "signal", call="pause", context="timer"):
        signal.pause()


@case
def sleeps():
    with Waiting("time.sleep", "sleep", call="clock_nanosleep", context="timer"):
        time.sleep(NAP)
    read_end, _ = os.pipe()
    with Waiting("poll with a time-out", "sleep", call="poll", context="timer"):
        poll = select.poll()
        poll.register(read_end, select.POLLIN)
        poll.poll(NAP * 1000)


@case
def full_pipe():
    read_end, write_end = os.pipe()
    reader = later(os.read, read_end, 1 << 16)
    with Waiting("write into a full pipe", "ipc", call="write", resource_kind="pipe", waker_tid=reader.native_id):
        os.write(write_end, bytes((1 << 16) + 1))
    reader.join()


@case
def full_socket():
    """The peer does not read: waiting in send."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        peer, _ = listener.accept()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        size = 1 << 20

        def drain():
            left = size
            while left > 0:
                left -= len(peer.recv(1 << 18))
        reader = later(drain)
        # A late acknowledgement may wake it in between, for nothing: the wait has parts.
        with Waiting("send to a peer that does not read", "network", call="sendto", resource_kind="socket",
                     resource=f"127.0.0.1:{listener.getsockname()[1]}", least=0):
            client.sendall(bytes(size))
        reader.join()


@case
def pidfd():
    child = subprocess.Popen(["sleep", str(NAP)])
    fd = os.pidfd_open(child.pid)
    with Waiting("poll of a pidfd", "child", call="poll", least=NAP * 0.9):
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        poll.poll()
    child.wait()


@case
def eventfd():
    fd = os.eventfd(0) if hasattr(os, "eventfd") else None
    if fd is None:
        print(json.dumps({"fact": "skip", "why": "os.eventfd needs Python 3.10"}))
        return
    writer = later(os.write, fd, struct.pack("Q", 1))
    with Waiting("eventfd", "ipc", call="read", resource_kind="eventfd", waker_tid=writer.native_id):
        os.read(fd, 8)
    writer.join()


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in CASES:
        sys.exit(f"usage: python_waits.py {'|'.join(CASES)}")
    CASES[sys.argv[1]]()
