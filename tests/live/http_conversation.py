"""A small HTTP/1.1 server and several clients at once, over IPv4 and IPv6, each of which prints what it saw:

    http_conversation.py

A JSON line a request and side: who, method, path, status, what the body was (sha256 of it decoded), how many
bytes of it were transferred. All over connections that are kept, but where the answer says otherwise.
"""
import gzip
import hashlib
import http.client
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import zlib

TEXT = "".join(f"line {i} of some text that can be compressed\n" for i in range(500)).encode()
LARGE = bytes(97 + i * i % 26 for i in range(300_000))


def tell(who, **facts):
    os.write(1, (json.dumps({"who": who, "pid": os.getpid(), **facts}) + "\n").encode())


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body_of_request(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        data = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def answer(self, status, body=b"", *, sent=None, chunks=0, length=True, **headers):
        """`body` is what it means, `sent` what is transferred."""
        request = self.body_of_request()
        data = body if sent is None else sent
        has_body = self.command != "HEAD" and status not in (204, 304)
        # Told first: who has the answer may be gone before the server says more.
        tell("server", method=self.command, path=self.path, status=status, request=digest(request),
             request_bytes=len(request), response=digest(body if has_body else b""), response_bytes=len(data) if has_body else 0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if chunks:
            self.send_header("Transfer-Encoding", "chunked")
        elif length and status not in (204, 304):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if not has_body:
            return
        if not chunks:
            self.wfile.write(data)
            return
        for at in range(0, len(data), chunks):
            part = data[at:at + chunks]
            self.wfile.write(b"%x;note=\"x\"\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\nX-Trailer: yes\r\n\r\n")

    def do_GET(self):
        kind = self.path.split("?")[0]
        if kind == "/plain":
            self.answer(200, TEXT, Content_Type="text/plain")
        elif kind == "/chunked":
            self.answer(200, TEXT, chunks=777, Content_Type="text/plain")
        elif kind == "/gzip":
            self.answer(200, TEXT, sent=gzip.compress(TEXT), Content_Encoding="gzip", Content_Type="text/plain")
        elif kind == "/gzip-chunked":
            self.answer(200, TEXT, sent=gzip.compress(TEXT), chunks=100, Content_Encoding="gzip")
        elif kind == "/deflate":
            self.answer(200, TEXT, sent=zlib.compress(TEXT), Content_Encoding="deflate")
        elif kind == "/large":
            self.answer(200, LARGE)
        elif kind == "/nothing":
            self.answer(204)
        elif kind == "/close":
            self.close_connection = True
            self.answer(200, TEXT, length=False, Connection="close")
        else:
            self.answer(404, b"there is no such page\n")

    do_HEAD = do_GET

    def do_POST(self):
        # The body is read by answer(), so what it means has to be known before.
        self.answer(201, b"thank you\n")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True


class Server6(Server):
    address_family = socket.AF_INET6


GETS = ["/plain", "/chunked", "/gzip", "/gzip-chunked", "/deflate", "/large", "/nothing", "/missing", "/close", "/plain"]


def client(host, port, number):
    connection = http.client.HTTPConnection(host, port)
    asked = [("GET", f"{path}?client={number}", None) for path in GETS]
    asked.insert(2, ("HEAD", f"/plain?client={number}", None))
    asked.insert(4, ("POST", f"/post?client={number}", b"some form" * 5000))
    asked.insert(5, ("POST", f"/post-chunked?client={number}", [b"a" * 10, b"b" * 70_000, b"c"]))
    for method, path, body in asked:
        connection.request(method, path, body=iter(body) if isinstance(body, list) else body)
        whole = b"".join(body) if isinstance(body, list) else body or b""
        answer = connection.getresponse()
        data = answer.read()
        coding = answer.getheader("Content-Encoding")
        meant = data if not coding or not data else gzip.decompress(data) if coding == "gzip" else zlib.decompress(data)
        tell("client", method=method, path=path, status=answer.status, request=digest(whole),
             request_bytes=len(whole), response=digest(meant), response_bytes=len(data))
    connection.close()


def main():
    servers = [("127.0.0.1", Server), ("::1", Server6)]
    children = []
    ports = []
    for address, kind in servers:
        server = kind((address, 0), Handler)
        ports.append((address, server.server_port))
        stop, stopped = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(stopped)
            serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            serving.start()
            os.read(stop, 1)  # ends with the parent's end
            server.shutdown()
            server.server_close()
            os._exit(0)
        os.close(stop)
        server.server_close()
        children.append((child, stopped))
    for address, port in ports:
        threads = [threading.Thread(target=client, args=(address, port, i)) for i in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        host = f"[{address}]" if ":" in address else address
        for path in ("/gzip?curl", "/chunked?curl", "/missing?curl"):
            done = subprocess.run(["curl", "-sg", "--compressed", f"http://{host}:{port}{path}"],
                                  stdout=subprocess.PIPE, check=True)
            # How many bytes were transferred only the server says.
            tell("curl", method="GET", path=path, status=404 if "missing" in path else 200, response=digest(done.stdout))
    # The later child has what ends the earlier one, too.
    for _, stopped in children:
        os.close(stopped)
    for child, _ in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
