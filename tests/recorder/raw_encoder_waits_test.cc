// What RawEncoder makes of switches, wake-ups and signals.
#include <sys/socket.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/recorder/raw_encoding.h"

using namespace tarry;
using namespace tarry::testing;
using namespace std::string_literals;

TEST_CASE_METHOD(RawEncoding, "RawEncoder translates switches, wake-ups and losses") {
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

TEST_CASE_METHOD(RawEncoding, "RawEncoder names what a poll or select waits for, if it is all of one kind") {
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

TEST_CASE_METHOD(RawEncoding, "RawEncoder translates signals") {
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
