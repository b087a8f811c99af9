"""A server that takes its time: two seconds for every answer.

    python3 slow_server.py [PORT]
"""
import http.server
import socketserver
import sys
import time


class SlowHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(2)
        body = b"Hello! Sorry to keep you waiting.\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingTCPServer):  # HTTPServer would ask DNS for its own name first
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    server = Server(("127.0.0.1", port), SlowHandler)
    print("listening on port", port, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
