// Calls that a recording kept as counts alone.
#include <catch2/catch.hpp>

#include "analyzer/call_numbers.h"
#include "tests/analyzer/loaded.h"

using namespace tarry;
using namespace tarry::testing;
using analysis::CallNumbers;

TEST_CASE("What is missing of the numbers is lost unless it was folded") {
  CallNumbers plain;
  plain.seen(1, 4);
  plain.seen(1, 5);
  plain.seen(1, 9);
  plain.seen(2, 1);
  CHECK(plain.lost() == 3);

  // 1 and 5 are one count, 3 is another, whose slice is told when it begins.
  CallNumbers folded;
  folded.folded(1, 2, 5);
  folded.seen(1, 2);
  folded.folded(1, 1, 3);
  folded.seen(1, 4);
  folded.seen(1, 6);
  CHECK(folded.lost() == 0);
  folded.seen(1, 8);
  CHECK(folded.lost() == 1);
  folded.folded(1, 3, 12);  // 9 to 12
  CHECK(folded.lost() == 2);
}

namespace {

// A connection and a file, whose calls are counts from 1 s to 1.05 s.
void withFolds(TraceBuilder& b) {
  auto& p = b.process("p", 10);
  const ResourceId file = b.file("/var/log/x");
  Resource unix_socket;
  unix_socket.kind = ResourceKind::unix_socket;
  unix_socket.cookie = 9;
  const ResourceId socket = b.define(unix_socket);
  p.call("sendto", {.args = {3}, .ret = 5, .objects = {{0, 3, socket}}});
  FoldEvent fold;
  fold.ts_ns = 1_s;
  fold.dur_ns = 50_ms;
  fold.thread = p.id();
  fold.abi = Abi::x86_64;
  fold.nr = 1;  // write
  fold.resource = file;
  fold.count = 1000;
  fold.result_sum = 4096;
  fold.total_ns = 2_ms;
  fold.longest_ns = 10_us;
  for (int i = 0; i < 1000; ++i) fold.last_seq = p.nextSeq();
  b.add(fold);
  fold.error = 28;
  fold.count = 3;
  fold.result_sum = 0;
  fold.total_ns = 3_us;
  for (int i = 0; i < 3; ++i) fold.last_seq = p.nextSeq();
  b.add(fold);
  fold.error = 0;
  fold.nr = 45;  // recvfrom
  fold.resource = socket;
  fold.count = 1;
  fold.last_seq = p.nextSeq();
  b.add(fold);
  FoldEvent payload;
  payload.kind = FoldKind::payload;
  payload.ts_ns = 1_s;
  payload.count = 7;
  payload.result_sum = 99;
  b.add(payload);
  p.at(2_s).blocksIn("recvfrom", {.args = {3}, .ret = 5, .objects = {{0, 3, socket}}}, 100_ms);
  p.exits(0);
}

}  // namespace

TEST_CASE("Folded calls are in table fold and not lost") {
  TraceBuilder b;
  withFolds(b);
  Loaded loaded(b);
  CHECK(
      loaded.rows("SELECT f.kind, ts, f.dur, t.tid, abi, nr, f.name, errno, r.path, count, total_ns, "
                  "longest_ns, bytes"
                  " FROM fold f LEFT JOIN thread t USING (utid) LEFT JOIN resource r ON r.id = f.resource_id"
                  " WHERE f.name IS NULL OR f.name = 'write'") ==
      "calls 1000000000 50000000 10 x86-64 1 write - /var/log/x 1000 2000000 10000 4096\n"
      "calls 1000000000 50000000 10 x86-64 1 write ENOSPC /var/log/x 3 3000 10000 -\n"
      "payload 1000000000 0 - - - - - - 7 - - 99");
  CHECK(loaded.rows(
            "SELECT name, value FROM stats WHERE name IN ('syscalls', 'syscalls_folded', 'syscalls_lost',"
            " 'payloads_left_out', 'events_lost') ORDER BY 1") ==
        "events_lost 0\npayloads_left_out 7\nsyscalls 2\nsyscalls_folded 1004\nsyscalls_lost 0");
  // It had asked, but what came and went since is not known in its order.
  CHECK(blockedWaits(loaded, 10) == "ipc - unix:[0]");
}
