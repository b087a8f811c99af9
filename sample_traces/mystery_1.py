"""Mystery 1: why does this program take two seconds?

It asks a server for a page. Where none listens yet it starts slow_server.py beside it,
so that one command is enough; or start that yourself in another terminal.

    python3 mystery_1.py [PORT]
"""
import os
import socket
import subprocess
import sys

HOST = "127.0.0.1"
PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "slow_server.py")


def start_server():
    server = subprocess.Popen([sys.executable, SERVER, str(PORT)], stdout=subprocess.PIPE)
    if not server.stdout.readline():  # it says so when it listens
        sys.exit("mystery_1.py: slow_server.py did not start")
    return server


def fetch_page():
    with socket.create_connection((HOST, PORT)) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b""
        while data := connection.recv(4096):
            answer += data
    return answer.partition(b"\r\n\r\n")[2].decode()


server = None
try:
    try:
        page = fetch_page()
    except ConnectionRefusedError:
        server = start_server()
        page = fetch_page()
    print(page, end="")
finally:
    if server:
        server.terminate()
        server.wait()
