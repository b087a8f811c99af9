// Raw records made by hand, through the encoder and a trace in memory.
#include "recorder/raw_encoder.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <string>

#include "format/testing/trace_builder.h"
#include "format/trace_reader.h"
#include "tests/recorder/raw_records.h"

using namespace tarry;
using namespace std::string_literals;

namespace {

struct Call {
  uint32_t seq = 0;
  int32_t nr = -1;
  int64_t ret = 0;
  uint8_t arg_mask = 0;
  CallFlags flags;
  std::vector<ObjectRef> objects;
  std::map<int, std::string> strings;
  std::map<int, std::string> payloads;
};

struct Collected : TraceVisitor {
  explicit Collected(TraceReader& reader) : reader_(reader) {}
  void onThread(const ThreadDef& thread) override { threads[thread.tid] = thread; }
  void onResource(const Resource& resource) override { resources[resource.id] = resource; }
  void onLife(const LifeEvent& event) override { lives.push_back(event); }
  void onEpollMember(const EpollMember& member) override { members.push_back(member); }
  void onSwitch(const SwitchEvent& event) override { switches.push_back(event); }
  void onWake(const WakeEvent& event) override { wakes.push_back(event); }
  void onSignal(const SignalEvent& event) override { signals.push_back(event); }
  void onSocket(const SocketEvent& event) override { sockets.push_back(event); }
  void onPlaintext(const PlaintextEvent& event) override {
    said.push_back({event, std::string(event.data.begin(), event.data.end())});
  }
  void onPacket(const PacketEvent& event) override {
    packets.push_back({event, std::string(event.data.begin(), event.data.end())});
    interfaces.emplace_back(reader_.text(event.interface_name));
  }
  void onLoss(const LossEvent& event) override { losses.push_back(event); }
  void onSyscall(const SyscallEvent& event) override {
    Call call;
    call.seq = event.call_seq;
    call.nr = event.nr;
    call.ret = event.ret;
    call.arg_mask = event.arg_mask;
    call.flags = event.flags;
    call.objects.assign(event.objects.begin(), event.objects.end());
    for (const StringArg& string : event.strings) call.strings[string.arg] = reader_.text(string.text);
    for (const PayloadRef& payload : event.payloads) {
      call.payloads[payload.arg] = std::string(payload.data.begin(), payload.data.end());
    }
    calls.push_back(call);
  }

  std::map<int32_t, ThreadDef> threads;
  std::map<ResourceId, Resource> resources;
  std::vector<LifeEvent> lives;
  std::vector<EpollMember> members;
  std::vector<SwitchEvent> switches;
  std::vector<WakeEvent> wakes;
  std::vector<SignalEvent> signals;
  std::vector<SocketEvent> sockets;
  struct Said {
    PlaintextEvent event;
    std::string data;
  };
  std::vector<Said> said;
  struct Packet {
    PacketEvent event;
    std::string data;
  };
  std::vector<Packet> packets;
  std::vector<std::string> interfaces;
  std::vector<LossEvent> losses;
  std::vector<Call> calls;

 private:
  TraceReader& reader_;
};

std::string part(uint8_t kind, uint8_t arg, const std::string& data, uint8_t flags = 0) {
  rec_part head{};
  head.kind = kind;
  head.arg = arg;
  head.flags = flags;
  head.len = static_cast<uint32_t>(data.size());
  head.full_len = data.size();
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof(head));
  bytes += data;
  bytes.resize((bytes.size() + 7) & ~size_t{7});
  return bytes;
}

rec_thread thread(uint32_t id, int32_t tid, uint32_t leader, uint64_t start_ns = 5) {
  rec_thread record{};
  record.type = RT_THREAD;
  record.flags = THREAD_RECORDED;
  record.id = id;
  record.leader = leader;
  record.tid = tid;
  record.pid = tid;
  record.start_ns = start_ns;
  std::memcpy(record.comm, "prog", 5);
  return record;
}

rec_call call(uint32_t thread_id, uint32_t seq, int32_t nr) {
  rec_call record{};
  record.type = RT_CALL;
  record.abi = ABI_X86_64;
  record.thread = record.data_thread = thread_id;
  record.call_seq = record.data_seq = seq;
  record.nr = nr;
  record.enter_ns = 1000 + seq;
  record.dur_ns = 10;
  return record;
}

rec_enter_data enterData(uint32_t thread_id, uint32_t seq) {
  rec_enter_data record{};
  record.type = RT_ENTER_DATA;
  record.thread = thread_id;
  record.call_seq = seq;
  return record;
}

class Fixture {
 public:
  Fixture() : writer_(testing::memorySink(bytes_), TraceHeader{}) { batch.events.resize(2); }

  // Encodes the batch and empties it.
  void encode() {
    encoder_.encode(batch, writer_, now_ns);
    batch.definitions.clear();
    for (auto& ring : batch.events) ring.clear();
  }

  Collected finish() {
    encode();
    writer_.finish({});
    reader_.emplace(TraceReader::fromMemory(bytes_));
    Collected collected(*reader_);
    reader_->read(collected);
    CHECK(reader_->report().clean());
    return collected;
  }
  std::string text(StringId id) { return std::string(reader_->text(id)); }

  RawBatch batch;
  int64_t now_ns = 0;

 private:
  CapturePlan plan_{64};
  RawEncoder encoder_{plan_};
  std::vector<uint8_t> bytes_;
  TraceWriter writer_;
  std::optional<TraceReader> reader_;
};

constexpr int32_t kRead = 0, kOpenat = 257, kPipe2 = 293, kPoll = 7;

}  // namespace

TEST_CASE_METHOD(Fixture, "RawEncoder translates a call with its objects and strings") {
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

TEST_CASE_METHOD(Fixture, "RawEncoder joins a call with strings of another ring, and of an earlier batch") {
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

TEST_CASE_METHOD(Fixture, "RawEncoder takes the path of an execve that could only be read later") {
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

TEST_CASE_METHOD(Fixture, "RawEncoder never gives a call the strings of another one") {
  put(batch.definitions, thread(1, 100, 1));
  put(batch.events[0], enterData(1, 1), part(PART_STRING, 1, "stale\0"s));
  rec_call open = call(1, 2, kOpenat);
  open.flags = CALL_ENTER_DATA;
  put(batch.events[0], open);
  const Collected got = finish();
  REQUIRE(got.calls.size() == 1);
  CHECK(got.calls[0].strings.empty());
}

TEST_CASE_METHOD(Fixture, "RawEncoder keeps the resource of an object that the kernel numbered anew") {
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

TEST_CASE_METHOD(Fixture, "RawEncoder translates pairs, ready sets and payload") {
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

TEST_CASE_METHOD(Fixture, "RawEncoder says from which root an absolute path started") {
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

TEST_CASE_METHOD(Fixture, "RawEncoder keeps one thread for two definitions of it") {
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

TEST_CASE_METHOD(Fixture, "RawEncoder drops events of threads it does not know") {
  rec_switch_in in{};
  in.type = RT_SWITCH_IN;
  in.thread = 5;
  put(batch.events[0], in);
  put(batch.events[0], call(5, 1, kRead));
  const Collected got = finish();
  CHECK(got.switches.empty());
  CHECK(got.calls.empty());
}

TEST_CASE_METHOD(Fixture, "RawEncoder gives the program of an exec and of its children") {
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

TEST_CASE_METHOD(Fixture, "RawEncoder splits the exact run time as the tick's samples say") {
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

TEST_CASE_METHOD(Fixture, "RawEncoder translates switches, wake-ups and losses") {
  put(batch.definitions, thread(1, 100, 1));
  put(batch.definitions, thread(2, 200, 2));
  rec_switch_out out{};
  out.type = RT_SWITCH_OUT;
  out.thread = 1;
  out.ts_ns = 10;
  out.state = 2;
  out.flags = SWITCH_IOWAIT;
  out.pending.abi = ABI_X86_64;
  out.pending.nr = kRead;
  out.pending.args[0] = 3;
  out.pending.args[4] = 99;  // read has three
  put(batch.events[0], out);
  rec_wake wake{};
  wake.type = RT_WAKE;
  wake.thread = 1;
  wake.waker = 2;
  wake.context = WAKER_THREAD;
  wake.nr = -1;
  wake.ts_ns = 20;
  put(batch.events[1], wake);
  rec_loss loss{};
  loss.type = RT_LOSS;
  loss.source = LOSS_WAKES;
  loss.thread = 2;
  loss.first_ns = 30;
  loss.last_ns = 35;
  loss.count = 4;
  put(batch.definitions, loss);
  const Collected got = finish();
  REQUIRE(got.switches.size() == 1);
  CHECK(got.switches[0].state == TaskState::uninterruptible);
  CHECK(got.switches[0].in_iowait);
  CHECK(got.switches[0].pending.nr == kRead);
  CHECK(got.switches[0].pending.args[0] == 3);
  CHECK(got.switches[0].pending.args[4] == 0);
  REQUIRE(got.wakes.size() == 1);
  CHECK(got.wakes[0].waker == got.threads.at(200).id);
  REQUIRE(got.losses.size() == 1);
  CHECK(got.losses[0].count == 4);
  CHECK(got.losses[0].dur_ns == 5);
  CHECK(got.losses[0].source == LossSource::wakes);
}

namespace {

rec_resource socketOf(uint32_t id, uint16_t family, uint64_t inode, bool listening = false) {
  rec_resource record{};
  record.type = RT_RESOURCE;
  record.id = id;
  record.is_socket = 1;
  record.mode = S_IFSOCK;
  record.inode = inode;
  record.socket.family = family;
  record.socket.listening = listening;
  return record;
}

rec_resource eventfd(uint32_t id) {
  rec_resource record = file(id, 1, "[eventfd]\0"s);
  record.mode = 0600;
  record.magic = 0x09041934;
  record.detached = 1;
  record.object = id;
  return record;
}

rec_switch_out_polled polling(int32_t nr, const std::vector<uint32_t>& resources) {
  rec_switch_out_polled record{};
  record.out.type = RT_SWITCH_OUT;
  record.out.thread = 1;
  record.out.state = 1;
  record.out.pending.abi = ABI_X86_64;
  record.out.pending.nr = nr;
  record.polled.count = static_cast<uint32_t>(resources.size());
  for (size_t i = 0; i < resources.size() && i < POLLED_MAX; ++i) record.polled.resources[i] = resources[i];
  return record;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "RawEncoder names what a poll or select waits for, if it is all of one kind") {
  constexpr int32_t kPollCall = 7;
  constexpr int32_t kSelectCall = 23;
  enum : uint32_t { tcp = 1, listener, local, event, event2, regular, unknown = 99 };
  put(batch.definitions, thread(1, 100, 1));
  put(batch.definitions, socketOf(tcp, AF_INET, 11));
  put(batch.definitions, socketOf(listener, AF_INET, 12, true));
  put(batch.definitions, socketOf(local, AF_UNIX, 13));
  put(batch.definitions, eventfd(event), "[eventfd]\0"s);
  put(batch.definitions, eventfd(event2), "[eventfd]\0"s);
  put(batch.definitions, file(regular, 14, "f\0"s), "f\0"s);
  struct Case {
    int32_t nr;
    std::vector<uint32_t> polled;
    uint64_t inode;  // of the object named, 0: none
    PolledSet set;
  };
  constexpr auto kUnsaid = PolledSet::unsaid;
  constexpr auto kSole = PolledSet::sole;
  constexpr auto kSeveral = PolledSet::several;
  const std::vector<Case> cases = {
      {kPollCall, {tcp}, 11, kSole},
      {kPollCall, {listener, tcp}, 11, kSeveral},  // the connection says more
      {kPollCall, {tcp, listener}, 11, kSeveral},
      {kPollCall, {event, local}, 13, kSole},       // eventfds wake loops
      {kPollCall, {tcp, event, local}, 11, kSole},  // so do sockets of this machine beside others
      {kPollCall, {regular, local}, 0, kUnsaid},
      {kPollCall, {tcp, unknown}, 0, kUnsaid},
      {kPollCall, {unknown}, 0, kUnsaid},
      {kPollCall, {event, event2}, 1, kSeveral},
      {kSelectCall, {local}, 13, kSole},
      {kSelectCall, {local, local}, 13, kSeveral},
  };
  for (const Case& one : cases) put(batch.events[0], polling(one.nr, one.polled));
  rec_switch_out_polled damaged = polling(kPollCall, {tcp});
  damaged.polled.count = 1U << 31;  // is cut: what is behind the first is not known
  put(batch.events[0], damaged);
  rec_blocked blocked{};
  blocked.type = RT_BLOCKED;
  blocked.thread = 1;
  blocked.state = 1;
  blocked.pending = polling(kPollCall, {}).out.pending;
  blocked.polled = polling(kPollCall, {local}).polled;
  put(batch.definitions, blocked);

  // A set as the snapshot finds it.
  rec_epoll_member member{};
  member.type = RT_EPOLL_MEMBER;
  member.process = 1;
  member.epoll_fd = 4;
  member.fd = 5;
  member.resource = tcp;
  member.data = ~0ULL;
  put(batch.definitions, member);
  member.fd = -1;
  member.resource = 0;
  put(batch.definitions, member);
  member.process = 77;  // nothing defines it
  put(batch.definitions, member);

  const Collected got = finish();
  const auto inode = [&](ResourceId id) { return id ? got.resources.at(id).inode : 0; };
  REQUIRE(got.switches.size() == cases.size() + 1);
  for (size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    CHECK(inode(got.switches[i].pending.resource) == cases[i].inode);
    CHECK(got.switches[i].pending.polled == cases[i].set);
  }
  CHECK(inode(got.switches.back().pending.resource) == 0);
  REQUIRE(got.lives.size() == 1);
  CHECK(inode(got.lives[0].pending.resource) == 13);
  REQUIRE(got.members.size() == 2);
  CHECK(inode(got.members[0].resource) == 11);
  CHECK(got.members[0].epoll_fd == 4);
  CHECK(got.members[0].fd == 5);
  CHECK(got.members[0].data == ~0ULL);
  CHECK(got.members[1].fd == -1);
}

TEST_CASE_METHOD(Fixture, "RawEncoder finds the socket below a TLS session") {
  put(batch.definitions, thread(1, 100, 1));
  put(batch.definitions, thread(2, 200, 2));
  rec_resource socket = file(7, 70, "");
  socket.is_socket = 1;
  socket.mode = S_IFSOCK;
  socket.socket.family = AF_INET;
  put(batch.definitions, socket);
  put(batch.definitions, file(8, 80, "log\0"s));
  rec_plaintext record{};
  record.type = RT_PLAINTEXT;
  record.library = static_cast<uint8_t>(TlsLibrary::openssl);
  record.sent = 1;
  record.thread = record.leader = 1;
  record.ts_ns = 10;
  record.dur_ns = 5;
  record.session = 0x5500;
  record.result = 1;
  record.length = 9;
  record.data_len = 3;
  record.resource = 7;
  put(batch.events[0], record, "GET.....");  // the rest is room
  record.sent = 0;
  record.ts_ns = 20;
  record.data_len = 100;  // more than there is
  record.resource = 0;    // the library had it already
  put(batch.events[0], record, "HTTP");
  record.ts_ns = 30;
  record.resource = 8;  // no socket
  put(batch.events[0], record);
  record.ts_ns = 40;
  record.thread = record.leader = 2;  // a session at the same address of another process
  put(batch.events[0], record);
  record.thread = 77;  // nothing defines it
  put(batch.events[0], record);
  const Collected got = finish();
  REQUIRE(got.said.size() == 4);
  CHECK(got.said[0].data == "GET");
  CHECK(got.said[0].event.direction == PayloadDirection::in);
  CHECK(got.said[0].event.library == TlsLibrary::openssl);
  CHECK(got.said[0].event.ts_ns == 10);
  CHECK(got.said[0].event.dur_ns == 5);
  CHECK(got.said[0].event.result == 1);
  CHECK(got.said[0].event.length == 9);
  CHECK(got.said[1].data == "HTTP");
  CHECK(got.said[1].event.direction == PayloadDirection::out);
  for (size_t i = 0; i < 3; ++i) {
    REQUIRE(got.resources.contains(got.said[i].event.resource));
    CHECK(got.resources.at(got.said[i].event.resource).kind == ResourceKind::socket);
  }
  CHECK(!got.said[3].event.resource);
}

TEST_CASE_METHOD(Fixture, "RawEncoder puts the pieces of a large plaintext together") {
  put(batch.definitions, thread(1, 100, 1));
  put(batch.definitions, thread(2, 200, 2));
  const auto piece = [&](uint32_t thread_id, uint32_t offset, bool more, const std::string& data) {
    rec_plaintext record{};
    record.type = RT_PLAINTEXT;
    record.thread = record.leader = thread_id;
    record.ts_ns = 10 * thread_id;
    record.length = 9;
    record.offset = offset;
    record.more = more ? 1 : 0;
    record.data_len = static_cast<uint32_t>(data.size());
    put(batch.events[0], record, data);
  };
  piece(1, 0, true, "abc");
  piece(2, 0, true, "ABC");
  piece(1, 3, true, "def");
  piece(2, 3, true, "");  // could not be read
  piece(1, 6, false, "ghi");
  piece(2, 6, false, "GHI");
  piece(2, 0, false, "small");
  const Collected got = finish();
  REQUIRE(got.said.size() == 3);
  CHECK(got.said[0].data == "abcdefghi");
  CHECK(got.said[0].event.length == 9);
  CHECK(got.said[1].data == "ABC");
  CHECK(got.said[2].data == "small");
}

TEST_CASE_METHOD(Fixture, "RawEncoder translates packets") {
  put(batch.definitions, thread(1, 100, 1));
  rec_resource socket = file(7, 70, "");
  socket.is_socket = 1;
  socket.mode = S_IFSOCK;
  socket.socket.family = AF_INET;
  put(batch.definitions, socket);
  rec_packet record{};
  record.type = RT_PACKET;
  record.sent = 1;
  record.link = PACKET_LOOPBACK;
  record.thread = 1;
  record.resource = 7;
  record.interface = 3;
  record.ts_ns = 10;
  record.length = 500;
  record.data_len = 5;
  std::memcpy(record.name, "lo", 3);
  put(batch.events[0], record, "bytes...");  // the rest is room
  record.sent = 0;
  record.link = PACKET_RAW_IP;
  record.thread = record.resource = 0;
  record.ts_ns = 20;
  record.data_len = 100;  // more than there is
  std::memset(record.name, 'x', sizeof(record.name));
  put(batch.events[0], record, "more....");
  const Collected got = finish();
  REQUIRE(got.packets.size() == 2);
  const PacketEvent& sent = got.packets[0].event;
  CHECK(got.packets[0].data == "bytes");
  CHECK(sent.ts_ns == 10);
  CHECK(sent.direction == PacketDirection::sent);
  CHECK(sent.link == PacketLink::loopback);
  CHECK(sent.interface_index == 3);
  CHECK(sent.length == 500);
  CHECK(sent.thread == got.threads.at(100).id);
  CHECK(got.resources.at(sent.resource).kind == ResourceKind::socket);
  CHECK(got.packets[1].data == "more....");
  CHECK(got.packets[1].event.direction == PacketDirection::received);
  CHECK(!got.packets[1].event.thread);
  CHECK(!got.packets[1].event.resource);
  CHECK(got.interfaces == std::vector<std::string>{"lo", std::string(16, 'x')});
}

TEST_CASE_METHOD(Fixture, "RawEncoder translates signals") {
  put(batch.definitions, thread(1, 100, 1));
  put(batch.definitions, thread(2, 200, 2));
  rec_signal signal{};
  signal.type = RT_SIGNAL;
  signal.event = SIGNAL_DELIVERED;
  signal.action = ACTION_HANDLER;
  signal.thread = 1;
  signal.sender = 2;
  signal.ts_ns = 10;
  signal.info.signo = 34;
  signal.info.code = -1;
  signal.info.error = 3;
  signal.info.fields[0] = 200;
  signal.info.fields[3] = ~0ULL;
  put(batch.events[0], signal);
  signal.event = SIGNAL_STOPPED;
  signal.sender = 0;
  signal.ts_ns = 11;
  put(batch.events[1], signal);
  signal.thread = 77;  // nothing defines it
  put(batch.events[1], signal);
  put(batch.definitions, [] {
    rec_loss loss{};
    loss.type = RT_LOSS;
    loss.source = LOSS_SIGNALS;
    loss.thread = 1;
    loss.count = 4;
    return loss;
  }());
  const Collected got = finish();
  REQUIRE(got.signals.size() == 2);
  CHECK(got.signals[0].kind == SignalKind::delivered);
  CHECK(got.signals[0].action == SignalAction::handler);
  CHECK(got.signals[0].thread == got.threads.at(100).id);
  CHECK(got.signals[0].sender == got.threads.at(200).id);
  CHECK(got.signals[0].ts_ns == 10);
  CHECK(got.signals[0].signo == 34);
  CHECK(got.signals[0].code == -1);
  CHECK(got.signals[0].error == 3);
  CHECK(got.signals[0].fields == std::array<uint64_t, 4>{200, 0, 0, ~0ULL});
  CHECK(got.signals[1].kind == SignalKind::stopped);
  CHECK(!got.signals[1].sender);
  REQUIRE(got.losses.size() == 1);
  CHECK(got.losses[0].source == LossSource::signals);
}

TEST_CASE_METHOD(Fixture, "RawEncoder translates socket events") {
  put(batch.definitions, thread(1, 100, 1));
  rec_socket ends{};
  ends.family = 2;
  ends.type = 1;
  ends.protocol = 6;
  ends.local_addr[0] = 127;
  ends.local_port = 4000;
  ends.remote_port = 80;
  rec_resource of_fd{};
  of_fd.type = RT_RESOURCE;
  of_fd.is_socket = 1;
  of_fd.id = 9;
  of_fd.mode = S_IFSOCK;
  of_fd.inode = 55;
  of_fd.magic = 0x534f434b;
  of_fd.socket = ends;
  put(batch.definitions, of_fd);
  rec_call use = call(1, 1, kRead);
  use.args[0] = 3;
  use.res[RES_FIRST] = 9;
  put(batch.events[0], use);

  rec_socket_event event{};
  event.type = RT_SOCKET;
  event.kind = SOCKET_CONNECTING;
  event.state = 2;
  event.thread = 1;
  event.socket = 7;
  event.inode = 55;
  event.ts_ns = 2000;
  put(batch.events[0], event);  // without a port
  event.kind = SOCKET_FAILED;
  event.state = 7;
  event.thread = 0;
  event.error = 111;
  event.has_facts = 1;
  event.ends = ends;
  for (uint64_t i = 0; i < SOCKET_FACTS_COUNT; ++i) event.facts[i] = 100 + i;
  event.ts_ns = 2001;
  put(batch.events[1], event);
  event.kind = SOCKET_FACTS;
  event.inode = 0;
  event.ts_ns = 2002;
  put(batch.definitions, event);  // what lives at the end comes that way
  const Collected got = finish();
  REQUIRE(got.sockets.size() == 3);
  CHECK(got.sockets[0].kind == SocketEventKind::connecting);
  CHECK(got.sockets[0].state == TcpState::syn_sent);
  CHECK(got.sockets[0].thread == got.threads.at(100).id);
  CHECK(got.sockets[0].socket == 7);
  CHECK(!got.sockets[0].resource);
  CHECK(!got.sockets[0].has_facts);
  CHECK(got.sockets[1].kind == SocketEventKind::failed);
  CHECK(!got.sockets[1].thread);
  CHECK(got.sockets[1].error == 111);
  REQUIRE(got.calls.size() == 1);
  REQUIRE(!got.calls[0].objects.empty());
  CHECK(got.sockets[1].resource == got.calls[0].objects[0].resource);  // the same socket by its fd
  CHECK(got.sockets[1].facts.srtt_us == 100);
  CHECK(got.sockets[1].facts.mss == 100 + FACT_MSS);
  CHECK(got.sockets[1].facts.retransmits == 100 + FACT_RETRANSMITS);
  const Resource& early = got.resources.at(got.sockets[2].resource);
  CHECK(early.cookie == 0);
  CHECK(early.remote_port == 80);
}

TEST_CASE_METHOD(Fixture, "RawEncoder survives records that are cut short") {
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

TEST_CASE("taskState reads the kernel's bits") {
  CHECK(taskState(0) == TaskState::runnable);
  CHECK(taskState(0x1) == TaskState::sleeping);
  CHECK(taskState(0x2) == TaskState::uninterruptible);
  CHECK(taskState(0x102) == TaskState::uninterruptible);  // killable
  CHECK(taskState(0x402) == TaskState::idle);
  CHECK(taskState(0x104) == TaskState::stopped);
  CHECK(taskState(0x8) == TaskState::traced);
  CHECK(taskState(0x40) == TaskState::parked);
  CHECK(taskState(0x80) == TaskState::dead);
  CHECK(taskState(0x2001) == TaskState::sleeping);  // freezable
}
