"""The French website: in the browser it is English, with curl it is French. Why?

    python3 french_website.py

Serves the website on a free port of this machine, and asks for it twice: as a browser does, and as curl does.
Which of all that a browser says makes the difference is what `tarry http --diff` tells.
"""
import http.server
import os
import socket
import sys

HELLO = {
    "en": ("Welcome", "Our shop is open every day."),
    "fr": ("Bienvenue", "Notre boutique est ouverte tous les jours."),
}

BROWSER = """\
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8
Accept-Language: en-US,en;q=0.5
Accept-Encoding: gzip, deflate, br, zstd
Connection: keep-alive
"""
CURL = """\
User-Agent: curl/7.88.1
Accept: */*
"""


class Website(http.server.BaseHTTPRequestHandler):
    server_version = "Boutique/1.0"
    sys_version = ""

    def do_GET(self):
        wanted = self.headers.get("Accept-Language", "")
        language = "en" if wanted.startswith("en") else "fr"
        title, text = HELLO[language]
        page = f'<!DOCTYPE html>\n<html lang="{language}">\n<title>{title}</title>\n<p>{text}</p>\n</html>\n'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Language", language)
        self.send_header("Vary", "Accept-Language")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def date_time_string(self, timestamp=None):
        return "Tue, 17 Mar 2026 09:00:00 GMT"

    def log_message(self, *_):
        pass


def ask(port, headers):
    """The page's title; what is sent is what the headers say, word for word."""
    request = f"GET / HTTP/1.1\r\nHost: boutique.example:{port}\r\n" + headers.replace("\n", "\r\n") + "\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request.encode())
        answer = b""
        while b"</html>" not in answer:
            answer += connection.recv(65536)
    return answer.decode().partition("<title>")[2].partition("<")[0]


def main():
    server = http.server.HTTPServer(("127.0.0.1", 0), Website)
    if os.fork() == 0:
        for _ in range(2):
            server.handle_request()
        os._exit(0)
    port = server.server_port
    server.server_close()
    for name, headers in (("the browser", BROWSER), ("curl", CURL)):
        print(f"{name}: {ask(port, headers)}")
        sys.stdout.flush()
    os.wait()


main()
