"""HTTP oracle: what clients and servers say they asked and answered is what tables http and http_body have, on both
sides, and HTTP/2 between curl and nghttpd."""
import collections
import hashlib
import json
import pathlib
import shutil
import socket
import sys

import harness

CONVERSATION = pathlib.Path(__file__).resolve().parent / "http_conversation.py"
ROWS = """
SELECT h.*, p.pid, p.comm, http_body(h.id, 'request') AS request_body, http_body(h.id, 'response') AS response_body
FROM http h JOIN process p USING (upid) ORDER BY h.id
"""


def digest(body):
    return hashlib.sha256((body or "").encode()).hexdigest()


class Http(harness.LiveTest):
    def test_every_request_is_there_on_both_sides(self):
        run = self.record(sys.executable, CONVERSATION, options=["--snaplen", "all"], level="syscalls")
        told = run.json_lines()
        rows = run.query(ROWS)
        facts = ("method", "path", "status", "request", "request_bytes", "response", "response_bytes")
        for who, side in (("client", "client"), ("server", "server")):
            expected = collections.Counter(tuple(line[fact] for fact in facts) for line in told if line["who"] == who)
            if side == "client":
                self.assertGreater(sum(expected.values()), 70)
            seen = collections.Counter(
                (row["method"], "/" + row["url"].split("/", 3)[3], row["status"], digest(row["request_body"]),
                 row["request_bytes"], digest(row["response_body"]), row["response_bytes"])
                for row in rows if row["side"] == side and (side == "server" or row["comm"] != "curl"))
            self.assertEqual(expected - seen, collections.Counter(), f"told by the {who} and not in the trace")
            self.assertEqual(seen - expected, collections.Counter(), f"in the trace and not told by the {who}")

        curl = [line for line in told if line["who"] == "curl"]
        self.assertEqual(len(curl), 6)
        self.assertEqual(
            sorted((line["path"], line["status"], line["response"]) for line in curl),
            sorted(("/" + row["url"].split("/", 3)[3], row["status"], digest(row["response_body"]))
                   for row in rows if row["comm"] == "curl"))

        by_id = {row["id"]: row for row in rows}
        for row in rows:
            self.assertIsNone(row["error"], row)
            self.assertEqual((row["request_complete"], row["response_complete"]), (1, 1))
            self.assertEqual(row["version"], "1.1")
            pair = by_id[row["pair_id"]]
            self.assertEqual(pair["pair_id"], row["id"])
            self.assertNotEqual(pair["side"], row["side"])
            self.assertEqual((pair["method"], pair["url"], pair["status"], pair["request_headers"], pair["response_headers"]),
                             (row["method"], row["url"], row["status"], row["request_headers"], row["response_headers"]))
            self.assertLessEqual(row["ts"], row["first_byte_ts"])
            self.assertLessEqual(row["first_byte_ts"], row["end_ts"])
            self.assertEqual(row["dur"], row["end_ts"] - row["ts"])
            if row["side"] == "client":
                self.assertLessEqual(row["ts"], pair["ts"])
                self.assertLessEqual(pair["first_byte_ts"], row["first_byte_ts"])
            if "chunked" in row["url"] and row["method"] == "GET":
                self.assertEqual(row["response_trailers"], "X-Trailer: yes\r\n")
        # The pid is that of who said it.
        pids = {(line["who"], line["path"]): line["pid"] for line in told if line["who"] == "client"}
        for row in rows:
            if row["side"] == "client" and row["comm"] != "curl":
                self.assertEqual(row["pid"], pids["client", "/" + row["url"].split("/", 3)[3]])

    def test_a_short_snaplen_is_told_and_nothing_made_up(self):
        run = self.record(sys.executable, CONVERSATION, options=["--snaplen", "100"], level="syscalls")
        told = run.json_lines()
        rows = run.query(ROWS)
        asked = collections.Counter((line["method"], line["path"], line["status"]) for line in told if line["who"] == "client")
        seen = collections.Counter()
        for row in rows:
            if row["side"] != "client" or row["comm"] == "curl":
                continue
            self.assertIn(row["error"], (None, "truncated", "incomplete"))
            if row["response_bytes"]:
                self.assertEqual(row["response_body"] is None, row["response_bytes"] > 100 or not row["response_complete"])
            seen[row["method"], "/" + row["url"].split("/", 3)[3] if row["url"].startswith("http") else row["url"],
                 row["status"]] += 1
        self.assertEqual(seen, asked)
        none = self.record("true", level="syscalls")
        self.assert_one_clear_line(harness.run_tarry("http", none.trace), "--snaplen all", status=1)

    def test_http2_of_curl_and_nghttpd(self):
        programs = [shutil.which(name) for name in ("nghttpd", "nghttp", "curl")]
        if not all(programs):
            self.skip_loudly("nghttpd, nghttp (Debian packages nghttp2-server, nghttp2-client) and curl are needed")
        server, client, curl = programs
        pages = self.directory / "pages"
        pages.mkdir()
        texts = {f"page{i}": "".join(f"{i} {line}\n" for line in range(i * 2000)) for i in range(1, 6)}
        for name, text in texts.items():
            (pages / name).write_text(text)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        urls = [f"http://127.0.0.1:{port}/{name}" for name in [*texts, "missing"]]
        ask = f"{curl} -s --http2-prior-knowledge -o /dev/null"
        tell = """-w '{"url": "%{url_effective}", "status": %{http_code}, "bytes": %{size_download}}\\n'"""
        script = self.directory / "talk.sh"
        script.write_text("\n".join([
            f"{server} --no-tls -d {pages} {port} >/dev/null & server=$!",
            f"until {ask} {urls[0]}; do sleep 0.1; done",
            *(f"{ask} {tell} {url}" for url in urls),
            f"{ask} {tell} --data-binary @{pages}/page1 {urls[1]}",
            f"{client} -n {' '.join(urls)}",  # one connection, all of them at once
            "kill $server; wait"]))
        run = self.record("sh", script, options=["--snaplen", "all"], level="syscalls")
        told = [(line["url"], line["status"], line["bytes"]) for line in run.json_lines()]
        self.assertEqual(len(told), 7)
        first = (urls[0], 200, len(texts["page1"]))
        rows = run.query(ROWS)
        self.assertEqual({row["version"] for row in rows}, {"2"})
        for side in ("client", "server"):
            seen = sorted((row["url"], row["status"], row["response_bytes"]) for row in rows if row["side"] == side)
            self.assertEqual(seen, sorted([first, *told, *told[:6]]), side)
        for row in rows:
            self.assertIsNone(row["error"], row)
            if row["status"] == 200:
                self.assertEqual(row["response_body"], texts[row["url"].rsplit("/", 1)[1]])
            self.assertIsNotNone(row["pair_id"])
            self.assertRegex(row["request_headers"], "user-agent: (curl|nghttp2)/")
            if row["method"] == "POST":
                self.assertEqual(row["request_body"], texts["page1"])
        streams = collections.Counter(row["resource_id"] for row in rows if row["side"] == "client")
        self.assertEqual(max(streams.values()), len(urls))

    def test_the_verb(self):
        run = self.record(sys.executable, CONVERSATION, options=["--snaplen", "all"], level="syscalls")
        listed = json.loads(harness.run_tarry("http", run.trace, "--format", "json", "--status", "404").stdout)
        self.assertEqual({row["status"] for row in listed}, {404})
        self.assertEqual({row["side"] for row in listed}, {"client"})
        number = listed[0]["id"]
        page = harness.run_tarry("http", run.trace, number)
        self.assertEqual(page.returncode, 0, page.stderr)
        self.assertIn("404 Not Found", page.stdout)
        self.assertIn("there is no such page", page.stdout)
        raw = harness.run_tarry("http", run.trace, number, "--raw")
        self.assertEqual(raw.stdout, "there is no such page\n")


if __name__ == "__main__":
    harness.main()
