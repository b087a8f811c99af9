// What RawEncoder makes of calls, threads and programs.
#include <catch2/catch.hpp>

#include <array>

#include "tests/recorder/raw_encoding.h"

using namespace tarry;
using namespace tarry::testing;
using namespace std::string_literals;

TEST_CASE_METHOD(RawEncoding, "RawEncoder translates a call with its objects and strings") {
  put(batch.definitions, thread(1, 100, 1));
  put(batch.definitions, file(7, 42, "f\0tmp\0"s), "f\0tmp\0"s);
  put(batch.events[0], enterData(1, 1), part(PART_STRING, 1, "/tmp/f\0"s));
  rec_call open = call(1, 1, kOpenat);
  open.flags = CALL_ENTER_DATA;
  open.args[0] = static_cast<uint64_t>(-100);
  open.args[1] = 0x7000;
  open.ret = 3;
  open.res[RES_RETURNED] = 7;
  put(batch.events[0], open);
  const Collected got = finish();

  REQUIRE(got.calls.size() == 1);
  const Call& one = got.calls[0];
  CHECK(one.strings.at(1) == "/tmp/f");
  CHECK((one.arg_mask & 0b11) == 0b01);
  REQUIRE(one.objects.size() == 1);  // AT_FDCWD is no object, an absolute path has no working directory
  CHECK(one.objects[0].role == ObjectRole::returned);
  CHECK(one.objects[0].fd == 3);
  CHECK(text(got.resources.at(one.objects[0].resource).path) == "/tmp/f");
  CHECK(got.resources.at(one.objects[0].resource).inode == 42);
}

TEST_CASE_METHOD(RawEncoding,
                 "RawEncoder joins a call with strings of another ring, and of an earlier batch") {
  put(batch.definitions, thread(1, 100, 1));
  rec_call open = call(1, 1, kOpenat);
  open.flags = CALL_ENTER_DATA;
  put(batch.events[0], open);  // the thread moved to CPU 0 meanwhile, whose ring is read first
  put(batch.events[1], enterData(1, 1), part(PART_STRING, 1, "first\0"s));
  put(batch.events[1], enterData(1, 2), part(PART_STRING, 1, "second\0"s));
  encode();
  open.call_seq = open.data_seq = 2;
  put(batch.events[0], open);
  const Collected got = finish();
  REQUIRE(got.calls.size() == 2);
  CHECK(got.calls[0].strings.at(1) == "first");
  CHECK(got.calls[1].strings.at(1) == "second");
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder takes the path of an execve that could only be read later") {
  constexpr int32_t kExecve = 59;
  put(batch.definitions, thread(1, 100, 1));
  put(batch.events[0], enterData(1, 1), part(PART_STRING, 1, "argument\0"s));
  put(batch.events[0], enterData(1, 1), part(PART_STRING, 0, "/bin/x\0"s));
  rec_call exec = call(1, 1, kExecve);
  exec.flags = CALL_ENTER_DATA;
  put(batch.events[0], exec);
  const Collected got = finish();
  REQUIRE(got.calls.size() == 1);
  CHECK(got.calls[0].strings.at(0) == "/bin/x");
  CHECK(got.calls[0].strings.at(1) == "argument");
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder joins a call with parts that its own record had no room for") {
  put(batch.definitions, thread(1, 100, 1));
  rec_enter_data more = enterData(1, 1), at_exit = enterData(1, 1);
  more.place = PARTS_NEXT;
  at_exit.place = PARTS_AT_EXIT;
  rec_call moved = call(1, 1, kRead);
  moved.flags = CALL_ENTER_DATA | CALL_EXIT_DATA;
  // The thread moved to CPU 0 meanwhile, whose ring is read first.
  put(batch.events[0], at_exit, part(PART_STRING, 2, "at exit\0"s) + part(PART_STRING, 3, "early\0"s));
  put(batch.events[0], moved, part(PART_STRING, 3, "late\0"s));
  put(batch.events[1], enterData(1, 1), part(PART_STRING, 0, "first\0"s) + part(PART_STRING, 1, "early\0"s));
  put(batch.events[1], more, part(PART_STRING, 1, "late\0"s));
  const Collected got = finish();
  REQUIRE(got.calls.size() == 1);
  CHECK(got.calls[0].strings.at(0) == "first");
  CHECK(got.calls[0].strings.at(1) == "late");
  CHECK(got.calls[0].strings.at(2) == "at exit");
  CHECK(got.calls[0].strings.at(3) == "late");
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder never gives a call the strings of another one") {
  put(batch.definitions, thread(1, 100, 1));
  put(batch.events[0], enterData(1, 1), part(PART_STRING, 1, "stale\0"s));
  rec_call open = call(1, 2, kOpenat);
  open.flags = CALL_ENTER_DATA;
  put(batch.events[0], open);
  const Collected got = finish();
  REQUIRE(got.calls.size() == 1);
  CHECK(got.calls[0].strings.empty());
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder keeps the resource of an object that the kernel numbered anew") {
  put(batch.definitions, thread(1, 100, 1));
  put(batch.definitions, file(7, 42, "f\0"s), "f\0"s);
  put(batch.definitions, file(9, 42, "f\0"s), "f\0"s);
  put(batch.definitions, file(10, 43, "f\0"s), "f\0"s);
  for (const uint32_t resource : {7U, 9U, 10U}) {
    rec_short_call read{};
    read.type = RT_SHORT_CALL;
    read.abi = ABI_X86_64;
    read.nr = kRead;
    read.thread = 1;
    read.call_seq = resource;
    read.resource = resource;
    read.enter_ns = resource;
    read.args[0] = 3;
    put(batch.events[0], read);
  }
  const Collected got = finish();
  REQUIRE(got.calls.size() == 3);
  CHECK(got.calls[0].objects[0].resource == got.calls[1].objects[0].resource);
  CHECK(got.calls[0].objects[0].resource != got.calls[2].objects[0].resource);
  CHECK(got.calls[0].objects[0].role == ObjectRole::arg0);
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder gives a short call the buffer that was taken for it") {
  put(batch.definitions, thread(1, 100, 1));
  batch.events.resize(2);
  rec_short_call read{};
  read.type = RT_SHORT_CALL;
  read.abi = ABI_X86_64;
  read.nr = kRead | SHORT_HAS_DATA;
  read.thread = 1;
  read.call_seq = 5;
  read.ret = 3;
  read.args[2] = 100;
  put(batch.events[0], read);  // the thread went from one CPU to the other
  put(batch.events[1], enterData(1, 5), part(PART_PAYLOAD, 1, "abc"s, PART_OUT));
  const Collected got = finish();
  REQUIRE(got.calls.size() == 1);
  CHECK(got.calls[0].nr == kRead);
  CHECK(got.calls[0].ret == 3);
  REQUIRE(got.calls[0].payloads.size() == 1);
  CHECK(got.calls[0].payloads.at(1) == "abc");
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder translates pairs, ready sets and payload") {
  put(batch.definitions, thread(1, 100, 1));
  const std::array<int32_t, 2> fds = {5, 6};
  rec_call pipe = call(1, 1, kPipe2);
  put(batch.events[0], pipe,
      part(PART_PAYLOAD, 0, std::string(reinterpret_cast<const char*>(fds.data()), sizeof(fds)), PART_OUT));
  part_ready ready{};
  ready.fd = 5;
  ready.data = 1;
  rec_call poll = call(1, 2, kPoll);
  poll.ret = 1;
  put(batch.events[0], poll,
      part(PART_READY, 0, std::string(reinterpret_cast<const char*>(&ready), sizeof(ready))));
  rec_call read = call(1, 3, kRead);
  put(batch.events[0], read, part(PART_PAYLOAD, 1, "hello", PART_OUT));
  const Collected got = finish();
  REQUIRE(got.calls.size() == 3);
  REQUIRE(got.calls[0].objects.size() == 2);
  CHECK(got.calls[0].objects[0].fd == 5);
  CHECK(got.calls[0].objects[1].role == ObjectRole::returned2);
  REQUIRE(got.calls[1].objects.size() == 1);
  CHECK(got.calls[1].objects[0].role == ObjectRole::ready);
  CHECK(got.calls[1].objects[0].ready_data == 1);
  CHECK(got.calls[2].payloads.at(1) == "hello");
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder says from which root an absolute path started") {
  put(batch.definitions, thread(1, 100, 1));
  put(batch.definitions, file(7, 42, "jail\0"s), "jail\0"s);
  part_root root{};
  root.resource = 7;
  const std::string root_part =
      part(PART_ROOT, 0, std::string(reinterpret_cast<const char*>(&root), sizeof(root)));
  // The kernel side sends it where a path is absolute, or could not be read yet: the second is relative.
  put(batch.events[0], enterData(1, 1), part(PART_STRING, 1, "/etc/x\0"s) + root_part);
  put(batch.events[0], enterData(1, 2), root_part);
  rec_call open = call(1, 1, kOpenat);
  open.flags = CALL_ENTER_DATA;
  open.args[0] = static_cast<uint64_t>(-100);
  put(batch.events[0], open);
  open.call_seq = open.data_seq = 2;
  put(batch.events[0], open, part(PART_STRING, 1, "etc/x\0"s));
  open.call_seq = open.data_seq = 3;
  open.flags = 0;
  put(batch.events[0], open, part(PART_STRING, 1, "/etc/x\0"s));
  const Collected got = finish();
  REQUIRE(got.calls.size() == 3);
  REQUIRE(got.calls[0].objects.size() == 1);
  CHECK(got.calls[0].objects[0].role == ObjectRole::root);
  CHECK(text(got.resources.at(got.calls[0].objects[0].resource).path) == "/jail");
  CHECK(got.calls[1].objects.empty());
  CHECK(got.calls[2].objects.empty());
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder keeps one thread for two definitions of it") {
  put(batch.definitions, thread(1, 100, 1));
  put(batch.definitions, thread(2, 100, 2));
  put(batch.definitions, thread(3, 100, 3, 77));  // the pid again, later
  for (const uint32_t id : {1U, 2U, 3U}) {
    rec_switch_in in{};
    in.type = RT_SWITCH_IN;
    in.thread = id;
    in.ts_ns = id;
    put(batch.events[0], in);
  }
  const Collected got = finish();
  REQUIRE(got.switches.size() == 3);
  CHECK(got.switches[0].thread == got.switches[1].thread);
  CHECK(got.switches[0].thread != got.switches[2].thread);
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder drops events of threads it does not know") {
  rec_switch_in in{};
  in.type = RT_SWITCH_IN;
  in.thread = 5;
  put(batch.events[0], in);
  put(batch.events[0], call(5, 1, kRead));
  const Collected got = finish();
  CHECK(got.switches.empty());
  CHECK(got.calls.empty());
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder gives the program of an exec and of its children") {
  put(batch.definitions, thread(1, 100, 1));
  rec_exec exec{};
  exec.type = RT_EXEC;
  exec.thread = 1;
  exec.ts_ns = 50;
  const std::string args = "ls\0-l\0"s;
  exec.args_len = static_cast<uint32_t>(args.size());
  std::memcpy(exec.comm, "ls", 3);
  put(batch.definitions, exec, args);
  rec_thread child = thread(2, 101, 2);
  child.creator = 1;
  child.flags |= THREAD_HAS_INFO;
  child.ts_ns = 60;
  put(batch.definitions, child);
  const Collected got = finish();
  REQUIRE(got.lives.size() == 2);
  CHECK(got.lives[0].kind == LifeKind::exec);
  CHECK(text(got.lives[0].info.cmdline) == "ls\0-l"s);
  CHECK(got.lives[1].kind == LifeKind::info);
  CHECK(text(got.lives[1].info.cmdline) == "ls\0-l"s);
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder splits the exact run time as the tick's samples say") {
  put(batch.definitions, thread(1, 100, 1));
  rec_exit exit{};
  exit.type = RT_EXIT;
  exit.thread = 1;
  exit.group_dead = 1;
  exit.status = 3 << 8;
  exit.user_ns = 3'000'000;
  exit.system_ns = 1'000'000;
  exit.runtime_ns = 8'000'000;
  exit.max_rss_pages = 2;
  put(batch.definitions, exit);
  const Collected got = finish();
  REQUIRE(got.lives.size() == 1);
  CHECK(got.lives[0].user_ns == 6'000'000);
  CHECK(got.lives[0].system_ns == 2'000'000);
  CHECK(got.lives[0].exit_status == 3 << 8);
  CHECK(got.lives[0].group_dead);
  CHECK(got.lives[0].max_rss_bytes == 2 * ::sysconf(_SC_PAGESIZE));
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder survives records that are cut short") {
  put(batch.definitions, thread(1, 100, 1));
  std::vector<uint8_t> whole;
  put(whole, call(1, 1, kRead), part(PART_PAYLOAD, 1, "hello", PART_OUT));
  const std::vector<uint8_t> record(whole.begin() + 8, whole.end());
  for (size_t size = 0; size < record.size(); ++size) {
    appendRecord(batch.events[0], std::span(record).first(size));
    appendRecord(batch.definitions, std::span(record).first(size));
  }
  finish();
}
