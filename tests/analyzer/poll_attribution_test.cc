// Of poll, select, epoll: which of the fds a wait is attributed to.
#include <catch2/catch.hpp>

#include "tests/analyzer/wait_story.h"

using namespace tarry;
using namespace tarry::testing;

namespace {

std::string eventData(uint32_t events, uint64_t data) {
  std::string bytes;
  for (int i = 0; i < 4; i++) bytes.push_back(static_cast<char>(events >> (8 * i)));
  for (int i = 0; i < 8; i++) bytes.push_back(static_cast<char>(data >> (8 * i)));
  return bytes;
}

}  // namespace

TEST_CASE("A poll is attributed to the fd that ended it", "[waits]") {
  both("network answer TCP 10.0.0.1:40000 → 10.0.0.2:80", [](TraceBuilder& b, ThreadScript& p) {
    const ResourceId s = b.socket("10.0.0.1", 40000, "10.0.0.2", 80);
    p.blocksIn("poll", {.args = {0, 2, -1}, .ret = 1, .objects = {{9, 5, s, 1}}}, 2_ms)
        .wokenBy(WakerContext::network, s);
  });
  both("ipc - pipe:[7]", [](TraceBuilder& b, ThreadScript& p) {
    const ResourceId pipe = b.pipe(7);
    auto& writer = b.process("writer", 200);
    p.blocksIn("pselect6", {.args = {9}, .ret = 1, .objects = {{9, 8, pipe, 1}}}, 2_ms)
        .wokenBy(writer, "write", pipe);
  });
  both("sleep - -", [](TraceBuilder&, ThreadScript& p) {
    p.blocksIn("poll", {.args = {0, 1, 2}, .ret = 0}, 2_ms).wokenBy(WakerContext::timer);
  });
  both("terminal - /dev/pts/0", [](TraceBuilder& b, ThreadScript& p) {
    const ResourceId tty = b.file("/dev/pts/0", ResourceKind::tty);
    auto& emulator = b.process("emulator", 200);
    p.blocksIn("poll", {.args = {0, 1, -1}, .ret = 1, .objects = {{9, 0, tty, 1}}}, 2_ms)
        .wokenBy(emulator, "write", tty);
  });
}

TEST_CASE("Of several ready fds the one that the waker touched ended the poll", "[waits]") {
  TraceBuilder b;
  const ResourceId tty = b.file("/dev/pts/0", ResourceKind::tty);
  const ResourceId s = b.socket("10.0.0.1", 40000, "10.0.0.2", 80);
  auto& p = b.process("p", 100);
  p.blocksIn("poll", {.args = {0, 2, -1}, .ret = 2, .objects = {{9, 1, tty, 4}, {9, 5, s, 1}}}, 2_ms)
      .wokenBy(WakerContext::network, s);
  Loaded db(b);
  CHECK(blockedWaits(db, 100) == "network answer TCP 10.0.0.1:40000 → 10.0.0.2:80");
}

TEST_CASE("A poll that a signal ended waited for no fd", "[waits]") {
  TraceBuilder b;
  b.process("p", 100).blocksIn("poll", {.args = {0, 1, -1}, .ret = -514}, 2_ms);
  Loaded db(b);
  CHECK(blockedWaits(db, 100) == "signal - -");
}

TEST_CASE("An epoll wait is attributed through the data that was registered", "[waits]") {
  TraceBuilder b;
  const ResourceId epoll = b.anon(ResourceKind::epoll);
  const ResourceId wake = b.anon(ResourceKind::eventfd);
  const ResourceId s = b.socket("10.0.0.1", 40000, "10.0.0.2", 80);
  auto& p = b.process("p", 100);
  p.call("epoll_create1", {.args = {0}, .ret = 3, .objects = {{6, 3, epoll}}});
  const auto add = [&](int fd, ResourceId resource, uint64_t data) {
    p.call("epoll_ctl", {.args = {3, 1, fd, 0},
                         .objects = {{0, 3, epoll}, {2, fd, resource}},
                         .payloads = {{.arg = 3, .data = eventData(1, data)}}});
  };
  add(4, wake, 0x7ffd00001111);
  add(5, s, 0x7ffd00002222);
  const auto wait = [&](uint64_t data) {
    p.blocksIn("epoll_wait",
               {.args = {3, 0, 10, -1},
                .ret = 1,
                .objects = {{0, 3, epoll}, {9, static_cast<int32_t>(data), {}, data}}},
               2_ms);
  };
  wait(0x7ffd00002222);
  wait(0x7ffd00001111);
  p.call("epoll_ctl", {.args = {3, 2, 4, 0}, .objects = {{0, 3, epoll}, {2, 4, wake}}});
  wait(0x7ffd00001111);
  p.blocksIn("epoll_wait", {.args = {3, 0, 10, 1}, .ret = 0, .objects = {{0, 3, epoll}}}, 2_ms);
  p.blocksForEver("epoll_wait", {.args = {3, 0, 10, -1}, .objects = {{0, 3, epoll}}});
  Loaded db(b);
  CHECK(blockedWaits(db, 100) ==
        "network answer TCP 10.0.0.1:40000 → 10.0.0.2:80\n"
        "ipc - eventfd\n"
        "network answer -\n"  // deleted: only the rest of the set is known
        "network answer TCP 10.0.0.1:40000 → 10.0.0.2:80\n"
        "network answer TCP 10.0.0.1:40000 → 10.0.0.2:80");
}

TEST_CASE("An epoll set built before the recording is known by the waker's socket, or by open fds",
          "[waits]") {
  TraceBuilder b;
  const ResourceId epoll = b.anon(ResourceKind::epoll);
  const ResourceId s = b.socket("10.0.0.1", 40000, "10.0.0.2", 80);
  auto& p = b.process("p", 100);
  b.openFd(p, 5, s);
  p.blocksIn("epoll_wait", {.args = {3}, .ret = 1, .objects = {{0, 3, epoll}, {9, 5, {}, 5}}}, 2_ms);
  p.blocksIn("epoll_wait",
             {.args = {3}, .ret = 1, .objects = {{0, 3, epoll}, {9, 0x1234, {}, 0x7fff00001234}}}, 2_ms)
      .wokenBy(WakerContext::network, s);
  Loaded db(b);
  CHECK(blockedWaits(db, 100) ==
        "network answer TCP 10.0.0.1:40000 → 10.0.0.2:80\nnetwork answer TCP 10.0.0.1:40000 → 10.0.0.2:80");
}

namespace {

// A process with an epoll set that the snapshot found, which waits on it as `story` says.
std::string onFoundSet(Level level, const std::function<std::vector<ResourceId>(TraceBuilder&)>& members,
                       const std::function<void(ThreadScript&, const std::vector<ResourceId>&)>& story) {
  TraceBuilder b(level);
  auto& p = b.process("p", 100);
  const std::vector<ResourceId> all = members(b);
  for (size_t i = 0; i < all.size(); ++i)
    b.epollMember({p.id(), 3, static_cast<int32_t>(10 + i), all[i], 0x7f0000001000 + i});
  b.epollMember({p.id(), 3, -1, {}, 0});
  story(p, all);
  Loaded db(b);
  return blockedWaits(db, 100);
}

}  // namespace

TEST_CASE("The set of a server that was there before tells that it idles, also in its ticks", "[waits]") {
  const auto members = [](TraceBuilder& b) {
    return std::vector<ResourceId>{b.listener("0.0.0.0", 80), b.pipe(7), b.anon(ResourceKind::eventfd),
                                   b.socket("10.0.0.1", 40000, "10.0.0.2", 5432)};
  };
  const auto ticks = [](ThreadScript& p, const std::vector<ResourceId>&) {
    p.blocksIn("epoll_wait", {.args = {3, 0, 10, 100}, .ret = 0}, 100_ms).wokenBy(WakerContext::timer);
    p.blocksForEver("epoll_wait", {.args = {3, 0, 10, 100}});
  };
  CHECK(onFoundSet(Level::syscalls, members, ticks) == "sleep idle -\nnetwork idle -");
  CHECK(onFoundSet(Level::waits, members, ticks) == "sleep idle -\nnetwork idle -");
  // Its own question to another server is out.
  const auto asks = [](ThreadScript& p, const std::vector<ResourceId>& all) {
    p.call("sendto", {.args = {13}, .ret = 5, .objects = {{0, 13, all[3]}}});
    p.blocksIn("epoll_wait", {.args = {3, 0, 10, 100}, .ret = 0}, 100_ms).wokenBy(WakerContext::timer);
  };
  CHECK(onFoundSet(Level::syscalls, members, asks) == "sleep - -");
  const auto ready = [](ThreadScript& p, const std::vector<ResourceId>&) {
    p.blocksIn("epoll_wait", {.args = {3}, .ret = 1, .objects = {{9, 0x1003, {}, 0x7f0000001003}}}, 2_ms);
  };
  CHECK(onFoundSet(Level::syscalls, members, ready) == "network answer TCP 10.0.0.1:40000 → 10.0.0.2:5432");
}

TEST_CASE("A loop that has nothing but a way to wake it up sleeps when its time is over", "[waits]") {
  const auto members = [](TraceBuilder& b) {
    Resource pair;
    pair.kind = ResourceKind::unix_socket;
    pair.inode = 77;
    return std::vector<ResourceId>{b.define(pair)};
  };
  const auto tick = [](ThreadScript& p, const std::vector<ResourceId>& all) {
    p.call("recvfrom", {.args = {10}, .ret = 1, .objects = {{0, 10, all[0]}}});
    p.blocksIn("epoll_wait", {.args = {3, 0, 10, 100}, .ret = 0}, 100_ms).wokenBy(WakerContext::timer);
  };
  CHECK(onFoundSet(Level::syscalls, members, tick).starts_with("sleep - "));
  CHECK(onFoundSet(Level::waits, members, tick) == "sleep - -");
}

TEST_CASE("A time-out on one connection that owes an answer is a wait for it", "[waits]") {
  const auto polls = [](Level level, PolledSet set, bool server) {
    TraceBuilder b(level);
    const ResourceId s =
        server ? b.socket("10.0.0.1", 80, "10.0.0.2", 40000) : b.socket("10.0.0.1", 40000, "10.0.0.2", 80);
    auto& p = b.process("p", 100);
    const CallSpec spec = {.args = {0x7fff, 2, 1000}, .ret = 0};
    SwitchEvent out{
        .ts_ns = 1_ms, .thread = p.id(), .state = TaskState::sleeping, .pending = p.pendingIn("poll", spec)};
    out.pending.resource = s;
    out.pending.polled = set;
    b.add(out);
    b.add(WakeEvent{.ts_ns = 1'001_ms, .thread = p.id(), .context = WakerContext::timer});
    b.add(SwitchEvent{.ts_ns = 1'002_ms, .thread = p.id(), .in = true});
    if (level == Level::syscalls) {
      SyscallEvent call;
      call.thread = p.id();
      call.call_seq = p.nextSeq();
      call.enter_ns = 1_ms - 1000;
      call.dur_ns = 1'001_ms + 2000;
      call.abi = Abi::x86_64;
      call.nr = 7;
      call.args = {0x7fff, 2, 1000};
      b.add(call);
    }
    Loaded db(b);
    return blockedWaits(db, 100);
  };
  for (const Level level : {Level::syscalls, Level::waits}) {
    CHECK(polls(level, PolledSet::sole, false) == "network answer TCP 10.0.0.1:40000 → 10.0.0.2:80");
    CHECK(polls(level, PolledSet::sole, true) == "sleep idle TCP 10.0.0.1:80 → 10.0.0.2:40000");
    CHECK(polls(level, PolledSet::several, false) == "sleep - -");
    CHECK(polls(level, PolledSet::several, true) == "sleep idle -");
    CHECK(polls(level, PolledSet::unsaid, false) == "sleep - -");
  }
}

TEST_CASE("A select that can only wait for standard input waits for it", "[waits]") {
  TraceBuilder b(Level::waits);
  auto& shell = b.process("bash", 100);
  b.openFd(shell, 0, b.file("/dev/pts/0", ResourceKind::tty));
  shell.blocksForEver("pselect6", {.args = {1}});
  auto& other = b.process("other", 200);
  b.openFd(other, 0, b.file("/dev/pts/0", ResourceKind::tty));
  other.blocksForEver("pselect6", {.args = {5}});
  Loaded db(b);
  CHECK(blockedWaits(db, 100) == "terminal - /dev/pts/0");
  CHECK(blockedWaits(db, 200) == "unknown - -");
}

TEST_CASE("A futex wait that asks again after its time-out is a lock where it is handed over", "[waits]") {
  const auto waits = [](int handed_over, int timed_out) {
    TraceBuilder b(Level::waits);
    auto& holder = b.process("holder", 100);
    auto& waiter = holder.startsThread("waiter", 101);
    for (int i = 0; i < timed_out; ++i)
      waiter.blocksIn("futex", {.args = {0x7000, 0, 0}}, 5_ms).wokenBy(WakerContext::timer);
    for (int i = 0; i < handed_over; ++i)
      waiter.blocksIn("futex", {.args = {0x7000, 0, 0}}, 5_ms).wokenBy(holder, "futex", {});
    Loaded db(b);
    return db.rows(
        "SELECT DISTINCT wait_kind FROM thread_state WHERE state = 'blocked' AND waker_context = 'timer'");
  };
  CHECK(waits(1, 3) == "lock");    // CPython's interpreter lock
  CHECK(waits(1, 40) == "sleep");  // a thread that looks for work now and then, and was told to end
  CHECK(waits(0, 3) == "sleep");
}

TEST_CASE("A poll that nothing ended is told by what the thread polls", "[waits]") {
  const auto open_poll = [](Level level, int64_t count, const auto& object) {
    TraceBuilder b(level);
    auto& p = b.process("p", 100);
    p.blocksForEver("poll", {.args = {0x7fff, count, -1}, .objects = {{0, 5, object(b)}}});
    Loaded db(b);
    return blockedWaits(db, 100);
  };
  const auto tty = [](TraceBuilder& b) { return b.file("/dev/pts/0", ResourceKind::tty); };
  const auto pidfd = [](TraceBuilder& b) { return b.anon(ResourceKind::pidfd); };
  const auto listener = [](TraceBuilder& b) { return b.listener("0.0.0.0", 80); };
  const auto client = [](TraceBuilder& b) { return b.socket("10.0.0.1", 40000, "10.0.0.2", 80); };
  CHECK(open_poll(Level::waits, 1, tty) == "terminal - /dev/pts/0");
  CHECK(open_poll(Level::waits, 1, pidfd) == "child - pidfd");
  CHECK(open_poll(Level::waits, 1, listener) == "network idle TCP 0.0.0.0:80 (listening)");
  CHECK(open_poll(Level::waits, 1, client) == "network answer TCP 10.0.0.1:40000 → 10.0.0.2:80");
  // Of several fds the object only stands for the others.
  CHECK(open_poll(Level::waits, 3, listener) == "network idle -");
  CHECK(open_poll(Level::waits, 2, tty) == "terminal - -");
}

TEST_CASE("The polled object tells what a waker that shows nothing leaves open", "[waits]") {
  TraceBuilder b(Level::waits);
  const ResourceId pidfd = b.anon(ResourceKind::pidfd);
  const ResourceId s = b.socket("10.0.0.1", 40000, "10.0.0.2", 80);
  auto& child = b.process("child", 200);
  auto& p = b.process("p", 100);
  p.blocksIn("ppoll", {.args = {0x7fff, 1}, .objects = {{0, 5, pidfd}}}, 2_ms)
      .wokenBy(child, "exit_group", {});
  p.blocksIn("ppoll", {.args = {0x7fff, 1}, .objects = {{0, 5, s}}}, 2_ms).wokenBy(WakerContext::timer);
  p.blocksIn("ppoll", {.args = {0x7fff, 1}, .objects = {{0, 5, s}}}, 2_ms).wokenBy(WakerContext::network);
  Loaded db(b);
  CHECK(blockedWaits(db, 100) ==
        "child - pidfd\n"
        "network answer TCP 10.0.0.1:40000 → 10.0.0.2:80\n"  // its own time-out
        "network answer TCP 10.0.0.1:40000 → 10.0.0.2:80");
}

TEST_CASE("A wait in a loop that is still open is told by the loop's last one", "[waits]") {
  // A loop whose last wait is still open at the end of a recording at level waits.
  TraceBuilder b(Level::waits);
  const ResourceId s = b.socket("10.0.0.1", 80, "10.0.0.2", 50000);
  auto& p = b.process("p", 100);
  p.blocksIn("epoll_wait", {.args = {3}}, 2_ms).wokenBy(WakerContext::network, s);
  p.blocksForEver("epoll_wait", {.args = {3}});
  Loaded db(b);
  CHECK(blockedWaits(db, 100) == "network idle TCP 10.0.0.1:80 → 10.0.0.2:50000\nnetwork idle -");
}
