"""HTTP/2 over TLS between real programs: what nginx and its clients (libcurl with OpenSSL and with GnuTLS, nghttp,
Python's urllib) say they asked and answered is what a recording has of both sides."""
import collections
import json
import pathlib
import shutil
import socket
import subprocess

import harness

PYTHON = "/usr/bin/python3"
OPTIONS = ("--snaplen", "all")
ROWS = """
SELECT h.*, p.comm, http_body(h.id, 'request') AS request_body, http_body(h.id, 'response') AS response_body
FROM http h JOIN process p USING (upid) ORDER BY h.id
"""

# One worker, over TLS and, behind it, without; the log says what was asked and answered.
CONFIG = """
daemon off;
user root;
worker_processes 1;
pid {directory}/pid;
error_log {directory}/errors;
events {{ worker_connections 64; }}
http {{
  log_format told escape=json '{{"method": "$request_method", "path": "$request_uri", "status": $status, '
                              '"protocol": "$server_protocol", "tls": "$ssl_protocol", "bytes": $body_bytes_sent}}';
  access_log {directory}/told told;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  types {{ text/plain txt; }}
  default_type application/octet-stream;
  client_max_body_size 8m;
  gzip on;
  gzip_types text/plain;
  server {{
    listen 127.0.0.1:{secure} ssl http2;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    root {directory}/pages;
    location /post {{ proxy_pass http://127.0.0.1:{plain}/; }}
  }}
  server {{
    listen 127.0.0.1:{plain};
    return 200 "thank you\\n";
  }}
}}
"""

# The library that git and others use; the options are CURLOPT_URL, _SSL_VERIFYPEER, _SSL_VERIFYHOST, _HTTP_VERSION.
LIBCURL_OF_GNUTLS = """
import ctypes, sys
curl = ctypes.CDLL("libcurl-gnutls.so.4")
curl.curl_easy_init.restype = ctypes.c_void_p
session = ctypes.c_void_p(curl.curl_easy_init())
for url in sys.argv[1:]:
    curl.curl_easy_setopt(session, 10002, ctypes.c_char_p(url.encode()))
    for option, value in ((64, 0), (81, 0), (84, 3)):
        curl.curl_easy_setopt(session, option, ctypes.c_long(value))
    if curl.curl_easy_perform(session) != 0:
        sys.exit(1)
"""

URLLIB = """
import ssl, sys, urllib.request
for url in sys.argv[1:]:
    with urllib.request.urlopen(url, context=ssl._create_unverified_context()) as answer:
        sys.stdout.buffer.write(answer.read())
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Http2OverTls(harness.LiveTest):
    def setUp(self):
        super().setUp()
        for program, package in (("nginx", "nginx-light"), ("curl", "curl"), ("nghttp", "nghttp2-client")):
            if not shutil.which(program):
                self.skip_loudly(f"{program} is needed (Debian package {package})")
        self.pages = {"small.txt": "a page\n", "text.txt": "".join(f"line {i}, compressed\n" for i in range(2000)),
                      "large": "".join(f"{i} {i * i % 977}\n" for i in range(110_000)),
                      **{f"part{i}": f"part {i}\n" * 100 * i for i in range(1, 5)}}
        self.assertGreater(len(self.pages["large"]), 1 << 20)
        (self.directory / "pages").mkdir()
        for name, text in self.pages.items():
            (self.directory / "pages" / name).write_text(text)
        certificate, key = self.certificate()
        self.port, plain = free_port(), free_port()
        self.config = self.directory / "nginx.conf"
        self.config.write_text(CONFIG.format(directory=self.directory, secure=self.port, plain=plain,
                                             certificate=certificate, key=key))
        self.base = f"https://127.0.0.1:{self.port}"

    def urls(self, *names):
        return [f"{self.base}/{name}" for name in names]

    def record_talk(self, *lines):
        """The server and, one after the other, its clients."""
        script = self.directory / "talk.sh"
        script.write_text("\n".join([
            "set -e",
            f"nginx -c {self.config} & server=$!",
            f"until [ -s {self.directory}/pid ]; do sleep 0.05; done",
            *lines,
            "kill -QUIT $server; wait"]))
        return self.record("sh", script, options=OPTIONS)

    def told_by_server(self):
        return [json.loads(line) for line in (self.directory / "told").read_text().splitlines()]

    def check(self, run, expected):
        """`expected`: (client, method, path, status) of all that was asked over TLS."""
        self.assertEqual(run.query("SELECT * FROM loss"), [])
        rows = [row for row in run.query(ROWS) if row["tls"]]
        wanted = collections.Counter(expected)
        for side in ("client", "server"):
            seen = collections.Counter(
                (row["comm"] if side == "client" else "nginx", row["method"], row["url"].removeprefix(self.base),
                 row["status"]) for row in rows if row["side"] == side)
            self.assertEqual(seen, wanted if side == "client" else collections.Counter(
                ("nginx", *request[1:]) for request in wanted.elements()), side)
        for row in rows:
            self.assertIsNone(row["error"], row["url"])
            self.assertEqual((row["request_complete"], row["response_complete"]), (1, 1), row["url"])
            name = row["url"].rsplit("/", 1)[1]
            if name == "post":
                self.assertEqual((row["request_body"], row["response_body"]), (self.pages["large"], "thank you\n"))
            elif row["status"] == 200:
                self.assertEqual(row["response_body"], self.pages[name])
                compressed = row["content_encoding"] == "gzip"
                self.assertEqual(row["response_bytes"] < len(self.pages[name]), compressed)
        by_id = {row["id"]: row for row in rows}
        for row in rows:
            other = by_id[row["pair_id"]]
            for fact in ("method", "url", "status", "version", "stream", "request_headers", "response_headers",
                         "request_bytes", "response_bytes"):
                self.assertEqual(row[fact], other[fact], row["url"])
        # The server's own account; how long a body is it counts with what frames it takes, or without.
        told = collections.Counter((line["method"], line["path"], line["status"], line["protocol"].removesuffix(".0"))
                                   for line in self.told_by_server() if line["tls"])
        self.assertEqual(told, collections.Counter(
            (row["method"], row["url"].removeprefix(self.base), row["status"], "HTTP/" + row["version"])
            for row in rows if row["side"] == "server"))
        return rows

    def libraries(self, run):
        """Of each program: the TLS library it was seen to use."""
        return {(row["comm"], row["library"]) for row in run.query(
            "SELECT DISTINCT comm, library FROM plaintext JOIN thread USING (utid) JOIN process USING (upid)")}

    def test_openssl(self):
        large, parts = f"{self.directory}/pages/large", [f"part{i}" for i in range(1, 5)]
        outputs = " ".join(f"-o {self.directory}/{name}.got {url}" for name, url in zip(parts, self.urls(*parts)))
        run = self.record_talk(
            f"curl -sk --http2 --compressed -o {self.directory}/text.got {self.urls('text.txt')[0]}",
            f"curl -sk --http2 -o {self.directory}/large.got {' -o /dev/null '.join(self.urls('large', 'missing'))}",
            f"curl -sk --http2 --tls-max 1.2 --data-binary @{large} {self.urls('post')[0]}",
            f"curl -sk --http2 --parallel {outputs} 2>/dev/null",
            f"curl -sk --http1.1 {self.urls('small.txt')[0]}",
            f"nghttp -n {' '.join(self.urls(*parts, 'large', 'missing'))} 2>/dev/null",
            f"{PYTHON} -c '{URLLIB}' {' '.join(self.urls('small.txt', 'large'))} >{self.directory}/urllib.got")
        self.assertEqual(run.stdout, "thank you\n" + self.pages["small.txt"])
        for name in ("large", *parts):
            self.assertEqual((self.directory / f"{name}.got").read_text(), self.pages[name])
        got = [("curl", "GET", f"/{name}", 200) for name in ("text.txt", "large", *parts, "small.txt")]
        got += [("curl", "GET", "/missing", 404), ("curl", "POST", "/post", 200), ("nghttp", "GET", "/missing", 404)]
        got += [("nghttp", "GET", f"/{name}", 200) for name in (*parts, "large")]
        got += [("python3", "GET", f"/{name}", 200) for name in ("small.txt", "large")]
        rows = self.check(run, got)
        self.assertEqual({name for name, _ in self.libraries(run)}, {"curl", "nghttp", "nginx", "python3"})
        self.assertEqual({library for _, library in self.libraries(run)}, {"openssl"})
        # All that nghttp asked is one connection, and its requests were under way at once.
        asked = [row for row in rows if row["comm"] == "nghttp"]
        self.assertEqual(len({row["resource_id"] for row in asked}), 1)
        self.assertLess(max(row["ts"] for row in asked), min(row["end_ts"] for row in asked))
        # What the proxy asked for it, without TLS.
        behind = [row for row in run.query(ROWS) if not row["tls"]]
        self.assertEqual([(row["method"], row["status"], row["request_body"]) for row in behind],
                         2 * [("POST", 200, self.pages["large"])])
        self.check_verbs(run, rows)
        self.check_exports(run, rows)

    def check_verbs(self, run, rows):
        text = next(row for row in rows if row["side"] == "client" and row["url"].endswith("/text.txt"))
        page = harness.run_tarry("http", run.trace, text["id"])
        for part in ("HTTP/2", "content-encoding: gzip", "line 3, compressed\n"):
            self.assertIn(part, page.stdout)
        raw = harness.run_tarry("http", run.trace, text["id"], "--raw")
        self.assertEqual(raw.stdout, self.pages["text.txt"])
        # Not as what passes through the socket, but as what was said.
        found = harness.run_tarry("grep", "-c", "--port", self.port, "thank you", run.trace)
        self.assertEqual(found.stdout, "1\n")
        replayed = harness.run_tarry("replay", run.trace, "--serve", "--", "true")
        self.assertIn(f"127.0.0.1:{self.port} speaks TLS, which cannot be played back", replayed.stderr)
        net = json.loads(harness.run_tarry("net", run.trace, "--format", "json", "--process", "nghttp").stdout)
        self.assertEqual(len(net), 1)

    def check_exports(self, run, rows):
        harness.run_tarry("export", run.trace, "--har", self.directory / "out.har")
        entries = json.loads((self.directory / "out.har").read_text())["log"]["entries"]
        seen = collections.Counter((entry["request"]["method"], entry["request"]["url"], entry["response"]["status"],
                                    entry["response"]["httpVersion"], entry["response"]["content"]["text"])
                                   for entry in entries if entry["request"]["url"].startswith("https:"))
        self.assertEqual(seen, collections.Counter(
            (row["method"], row["url"], row["status"], f"HTTP/{row['version']}", row["response_body"])
            for row in rows if row["side"] == "client"))
        if not shutil.which("tshark"):
            self.skip_loudly("tshark is not installed")
        capture = self.directory / "out.pcapng"
        harness.run_tarry("export", run.trace, "--pcapng", capture)
        port = (self.port + 10_000) % 65_536
        done = subprocess.run(["tshark", "-r", capture, "-d", f"tcp.port=={port},http2", "-Y", f"tcp.port == {port}",
                               "-T", "fields", *(f"-ehttp2.headers.{name}" for name in ("path", "status"))],
                              capture_output=True, text=True, timeout=harness.TIMEOUT_S, check=True)
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        by_curl = [row for row in rows if row["side"] == "client" and row["version"] == "2"]
        self.assertEqual(sorted(path for line in lines for path in line[0].split(",") if path),
                         sorted(row["url"].removeprefix(self.base) for row in by_curl))
        self.assertEqual(sorted(status for line in lines for status in line[1].split(",") if status),
                         sorted(str(row["status"]) for row in by_curl))

    def test_gnutls(self):
        if subprocess.run([PYTHON, "-c", LIBCURL_OF_GNUTLS], capture_output=True).returncode != 0:
            self.skip_loudly("libcurl-gnutls.so.4 is needed (Debian package libcurl3-gnutls)")
        names = ("small.txt", "text.txt", "large", "missing")
        run = self.record_talk(f"{PYTHON} -c '{LIBCURL_OF_GNUTLS}' {' '.join(self.urls(*names))} >/dev/null")
        rows = self.check(run, [("python3", "GET", f"/{name}", 404 if name == "missing" else 200) for name in names])
        self.assertEqual({row["version"] for row in rows}, {"2"})
        self.assertEqual(self.libraries(run), {("python3", "gnutls"), ("nginx", "openssl")})

    def test_a_server_that_runs_already(self):
        server = self.start("nginx", "-c", self.config, stderr=subprocess.PIPE)
        harness.wait_until(lambda: (pathlib.Path(self.directory) / "pid").exists(), what="nginx")
        recorder, trace = self.start_recorder("-p", server.pid, *OPTIONS)
        subprocess.run(["curl", "-sk", "--http2", "-o", "/dev/null", "-o", "/dev/null", *self.urls("text.txt", "large")],
                       check=True)
        self.stop_recorder(recorder)
        rows = harness.query(trace, ROWS)
        self.assertEqual([(row["side"], row["version"], row["url"], row["status"], row["error"]) for row in rows],
                         [("server", "2", url, 200, None) for url in self.urls("text.txt", "large")])
        self.assertEqual([row["response_body"] for row in rows], [self.pages["text.txt"], self.pages["large"]])


if __name__ == "__main__":
    harness.main()
