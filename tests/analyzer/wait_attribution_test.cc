// What each wait is attributed to. Polls are in poll_attribution_test.cc.
#include "analyzer/wait_attribution.h"

#include <catch2/catch.hpp>

#include "tests/analyzer/wait_story.h"

using namespace tarry;
using namespace tarry::testing;

TEST_CASE("Every kind of wait has a name of its own, and is found by it", "[waits]") {
  for (int i = 1; i < kWaitKinds; i++) {
    const auto kind = static_cast<WaitKind>(i);
    CHECK(waitKindOf(waitKindName(kind)) == kind);
  }
  CHECK_FALSE(waitKindOf("on CPU").has_value());
  CHECK_FALSE(waitKindOf("").has_value());
}

TEST_CASE("A wait for the network names the connection", "[waits]") {
  both("network answer TCP 10.0.0.1:40000 → 10.0.0.2:80", [](TraceBuilder& b, ThreadScript& p) {
    const ResourceId s = b.socket("10.0.0.1", 40000, "10.0.0.2", 80);
    p.blocksIn("recvfrom", {.args = {3}, .ret = 5, .objects = {{0, 3, s}}}, 2_ms)
        .wokenBy(WakerContext::network, s);
  });
  both("network answer TCP 10.0.0.1:40000 → 10.0.0.2:80", [](TraceBuilder& b, ThreadScript& p) {
    const ResourceId s = b.socket("10.0.0.1", 40000, "10.0.0.2", 80);
    p.blocksIn("connect", {.args = {3}, .ret = 0, .objects = {{0, 3, s}}}, 2_ms)
        .wokenBy(WakerContext::network, s);
  });
  both("network idle TCP 0.0.0.0:80 (listening)", [](TraceBuilder& b, ThreadScript& p) {
    const ResourceId s = b.listener("0.0.0.0", 80);
    const ResourceId c = b.socket("10.0.0.1", 80, "10.0.0.9", 50000);
    p.blocksIn("accept4", {.args = {3}, .ret = 4, .objects = {{0, 3, s}, {6, 4, c}}}, 2_ms)
        .wokenBy(WakerContext::network, s);
  });
}

TEST_CASE("A server that waits for the next request is idle, its client waits for the answer", "[waits]") {
  const auto story = [](Level level) {
    TraceBuilder b(level);
    const ResourceId listener = b.listener("127.0.0.1", 5000);
    const ResourceId server_end = b.socket("127.0.0.1", 5000, "127.0.0.1", 40000);
    const ResourceId client_end = b.socket("127.0.0.1", 40000, "127.0.0.1", 5000);
    auto& server = b.process("server", 50);
    b.openFd(server, 3, listener);
    auto& client = b.process("client", 100);
    server.call("sendto", {.args = {4}, .ret = 5, .objects = {{0, 4, server_end}}});
    server.blocksIn("recvfrom", {.args = {4}, .ret = 5, .objects = {{0, 4, server_end}}}, 5_ms)
        .wokenBy(WakerContext::network, server_end);
    client.at(5_ms).call("sendto", {.args = {4}, .ret = 5, .objects = {{0, 4, client_end}}});
    client.blocksIn("recvfrom", {.args = {4}, .ret = 5, .objects = {{0, 4, client_end}}}, 5_ms)
        .wokenBy(WakerContext::network, client_end);
    client.blocksIn("recvfrom", {.args = {4}, .ret = 5, .objects = {{0, 4, client_end}}}, 5_ms)
        .wokenBy(WakerContext::network, client_end);
    Loaded db(b);
    return blockedWaits(db, 50) + "\n" + blockedWaits(db, 100);
  };
  const std::string expected =
      "network idle TCP 127.0.0.1:5000 → 127.0.0.1:40000\n"
      "network answer TCP 127.0.0.1:40000 → 127.0.0.1:5000\n"
      "network answer TCP 127.0.0.1:40000 → 127.0.0.1:5000";
  CHECK(story(Level::syscalls) == expected);
  CHECK(story(Level::waits) == expected);
}

TEST_CASE("Pipes, FIFOs, Unix sockets, eventfds and queues are ipc", "[waits]") {
  both("ipc - pipe:[7]", [](TraceBuilder& b, ThreadScript& p) {
    p.blocksIn("read", {.args = {0}, .ret = 1, .objects = {{0, 0, b.pipe(7)}}}, 2_ms);
  });
  both("ipc - /tmp/fifo", [](TraceBuilder& b, ThreadScript& p) {
    p.blocksIn("write", {.args = {1}, .ret = 1, .objects = {{0, 1, b.file("/tmp/fifo", ResourceKind::fifo)}}},
               2_ms);
  });
  both("ipc - eventfd", [](TraceBuilder& b, ThreadScript& p) {
    p.blocksIn("read", {.args = {5}, .ret = 8, .objects = {{0, 5, b.anon(ResourceKind::eventfd)}}}, 2_ms);
  });
  both("ipc - -",
       [](TraceBuilder&, ThreadScript& p) { p.blocksIn("msgrcv", {.args = {1}, .ret = 8}, 2_ms); });
}

TEST_CASE("On a Unix socket the side that spoke last waits for an answer", "[waits]") {
  TraceBuilder b;
  Resource end;
  end.kind = ResourceKind::unix_socket;
  end.sock_type = 1;
  end.inode = 11;
  end.peer_inode = 12;
  const ResourceId socket = b.define(end);
  auto& p = b.process("p", 100);
  p.blocksIn("recvmsg", {.args = {3}, .ret = 5, .objects = {{0, 3, socket}}}, 2_ms);
  p.call("sendmsg", {.args = {3}, .ret = 5, .objects = {{0, 3, socket}}});
  p.blocksIn("recvmsg", {.args = {3}, .ret = 5, .objects = {{0, 3, socket}}}, 2_ms);
  p.blocksIn("recvmsg", {.args = {3}, .ret = 5, .objects = {{0, 3, socket}}}, 2_ms);
  Loaded db(b);
  CHECK(blockedWaits(db, 100) == "ipc - unix:[11 ↔ 12]\nipc answer unix:[11 ↔ 12]\nipc idle unix:[11 ↔ 12]");
}

TEST_CASE("Disk waits are known by I/O-wait, state, file and stack", "[waits]") {
  both("disk - /var/big", [](TraceBuilder& b, ThreadScript& p) {
    p.blocksIn("read", {.args = {3}, .ret = 1, .objects = {{0, 3, b.file("/var/big")}}}, 2_ms)
        .wokenBy(WakerContext::disk);
  });
  both("disk - /var/big", [](TraceBuilder& b, ThreadScript& p) {
    p.blocksIn("fsync", {.args = {3}, .ret = 0, .objects = {{0, 3, b.file("/var/big")}}}, 2_ms);
  });
  both("disk - /bin/mapped", [](TraceBuilder& b, ThreadScript& p) {
    p.sleepsIn(TaskState::uninterruptible, 2_ms, true, b.file("/bin/mapped"));
  });
  both("disk - -", [](TraceBuilder& b, ThreadScript& p) {
    p.sleepsIn(TaskState::uninterruptible, 2_ms)
        .kernelStack(b.stack({"io_schedule", "folio_wait_bit_common", "filemap_fault"}));
  });
}

TEST_CASE("A file that the kernel makes up is no disk", "[waits]") {
  const auto writes = [](std::string_view path, std::initializer_list<std::string_view> stack) {
    TraceBuilder b;
    auto& p = b.process("p", 100);
    Resource made_up;
    made_up.kind = ResourceKind::file;
    made_up.path = b.text(path);
    made_up.dev_minor = 30;  // no device
    const ResourceId file = b.define(made_up);
    SwitchEvent out{.ts_ns = 1_ms,
                    .thread = p.id(),
                    .state = TaskState::uninterruptible,
                    .pending = p.pendingIn("write", {.args = {3}, .objects = {{0, 3, file}}})};
    b.add(out);
    WakeEvent wake{.ts_ns = 9_ms, .thread = p.id()};
    if (stack.size() != 0) wake.kernel_stack = b.stack(stack);
    b.add(wake);
    b.add(SwitchEvent{.ts_ns = 10_ms, .thread = p.id(), .in = true});
    Loaded db(b);
    return db.rows("SELECT wait_kind FROM thread_state WHERE state = 'blocked'");
  };
  CHECK(writes("/sys/fs/cgroup/a/cgroup.procs", {}) == "unknown");
  CHECK(writes("/sys/fs/cgroup/a/cgroup.procs", {"schedule", "__wait_rcu_gp", "synchronize_rcu"}) == "lock");
  CHECK(writes("/proc/self/clear_refs", {"schedule", "rwsem_down_write_slowpath"}) == "lock");
  CHECK(writes("/system/data", {}) == "disk");
}

TEST_CASE("Reclaim and faults without a file are memory", "[waits]") {
  both("memory - -", [](TraceBuilder&, ThreadScript& p) { p.sleepsIn(TaskState::uninterruptible, 2_ms); });
  both("memory - -", [](TraceBuilder& b, ThreadScript& p) {
    p.sleepsIn(TaskState::uninterruptible, 2_ms)
        .kernelStack(
            b.stack({"io_schedule", "shrink_folio_list", "try_to_free_pages", "__alloc_pages_slowpath"}));
  });
}

TEST_CASE("Calls that wait for nothing else say it themselves", "[waits]") {
  both("lock - -", [](TraceBuilder&, ThreadScript& p) {
    p.blocksIn("futex", {.args = {4096, 0x80, 2}}, 2_ms);
  });
  both("lock - /run/lock", [](TraceBuilder& b, ThreadScript& p) {
    p.blocksIn("flock", {.args = {3, 2}, .objects = {{0, 3, b.file("/run/lock")}}}, 2_ms);
  });
  both("lock - /run/lock", [](TraceBuilder& b, ThreadScript& p) {
    p.blocksIn("fcntl", {.args = {3, 7}, .objects = {{0, 3, b.file("/run/lock")}}}, 2_ms);
  });
  both("sleep - -", [](TraceBuilder&, ThreadScript& p) { p.blocksIn("clock_nanosleep", {}, 2_ms); });
  both("child - -",
       [](TraceBuilder&, ThreadScript& p) { p.blocksIn("wait4", {.args = {-1}, .ret = 7}, 2_ms); });
  both("child - -", [](TraceBuilder&, ThreadScript& p) { p.blocksIn("waitid", {}, 2_ms); });
  both("child - -", [](TraceBuilder&, ThreadScript& p) { p.blocksIn("vfork", {.ret = 7}, 2_ms); });
  both("child - -",
       [](TraceBuilder&, ThreadScript& p) { p.blocksIn("clone", {.args = {0x4111}, .ret = 7}, 2_ms); });
  both("child - -", [](TraceBuilder&, ThreadScript& p) { p.blocksIn("clone3", {.ret = 7}, 2_ms); });
  both("child - pidfd", [](TraceBuilder& b, ThreadScript& p) {
    p.blocksIn("read", {.args = {3}, .objects = {{0, 3, b.anon(ResourceKind::pidfd)}}}, 2_ms);
  });
  both("signal - -",
       [](TraceBuilder&, ThreadScript& p) { p.blocksIn("rt_sigsuspend", {.ret = -514}, 2_ms); });
  both("signal - -", [](TraceBuilder&, ThreadScript& p) { p.blocksIn("pause", {.ret = -514}, 2_ms); });
  both("stopped - -", [](TraceBuilder&, ThreadScript& p) { p.sleepsIn(TaskState::stopped, 2_ms); });
  both("stopped - -", [](TraceBuilder&, ThreadScript& p) { p.sleepsIn(TaskState::traced, 2_ms); });
}

TEST_CASE("A futex wait that ended by its time-out is a pause, unless it was for a lock", "[waits]") {
  constexpr int64_t kTimedOut = -110;
  constexpr int64_t kBitset = 0x189;
  both("sleep - -", [](TraceBuilder&, ThreadScript& p) {
    p.blocksIn("futex", {.args = {4096, kBitset, 0}, .ret = kTimedOut}, 2_ms).wokenBy(WakerContext::timer);
  });
  both("lock - -", [](TraceBuilder& b, ThreadScript& p) {
    auto& other = b.process("other", 50);
    p.blocksIn("futex", {.args = {4096, kBitset, 0}}, 2_ms).wokenBy(other, "futex");
  });
  // pthread_mutex_timedlock(): another thread holds it; and a lock with priority inheritance.
  both("lock - -", [](TraceBuilder&, ThreadScript& p) {
    p.blocksIn("futex", {.args = {4096, kBitset, 2}, .ret = kTimedOut}, 2_ms).wokenBy(WakerContext::timer);
  });
  both("lock - -", [](TraceBuilder&, ThreadScript& p) {
    p.blocksIn("futex", {.args = {4096, 0x86, 0}, .ret = kTimedOut}, 2_ms).wokenBy(WakerContext::timer);
  });
  // The result knows better than the interrupt that happened to run when it was woken.
  CHECK(at(Level::syscalls, [](TraceBuilder&, ThreadScript& p) {
          p.blocksIn("futex", {.args = {4096, kBitset, 0}, .ret = 0}, 2_ms).wokenBy(WakerContext::timer);
        }) == "lock - -");
}

TEST_CASE("Kernel threads are idle, except where they need something", "[waits]") {
  const auto kernel = [](const std::function<void(TraceBuilder&, ThreadScript&)>& story) {
    TraceBuilder b(Level::waits);
    auto& p = b.process("kthreadd", 2);
    p.runsFor(1_ms);
    story(b, p);
    p.runsFor(1_ms);
    Loaded db(b);
    return blockedWaits(db, 2);
  };
  // kcompactd and kswapd sleep in functions that reclaim memory when there is work.
  CHECK(kernel([](TraceBuilder& b, ThreadScript& p) {
          p.sleepsIn(TaskState::sleeping, 2_ms)
              .wokenBy(WakerContext::timer)
              .kernelStack(b.stack({"schedule_timeout", "kcompactd", "kthread"}));
        }) == "sleep idle -");
  CHECK(kernel([](TraceBuilder&, ThreadScript& p) { p.sleepsIn(TaskState::idle, 2_ms); }) ==
        "unknown idle -");
  CHECK(kernel([](TraceBuilder&, ThreadScript& p) {
          p.sleepsIn(TaskState::uninterruptible, 2_ms).wokenBy(WakerContext::timer);
        }) == "sleep idle -");
  CHECK(kernel([](TraceBuilder&, ThreadScript& p) { p.sleepsIn(TaskState::uninterruptible, 2_ms, true); }) ==
        "disk - -");
  CHECK(kernel([](TraceBuilder& b, ThreadScript& p) {
          p.sleepsIn(TaskState::uninterruptible, 2_ms)
              .kernelStack(b.stack({"schedule", "rwsem_down_write_slowpath"}));
        }) == "lock - -");
}

TEST_CASE("A program that starts waits for the disk only where I/O shows", "[waits]") {
  analysis::CallTraits execve;
  execve.name = Label("execve");
  execve.wait = analysis::WaitCall::exec;
  analysis::WaitEvidence e;
  e.state = TaskState::uninterruptible;
  e.call = &execve;
  // The move to another CPU, the end of the other threads: nothing says which.
  CHECK(attributeWait(e).kind == analysis::WaitKind::unknown);
  e.in_iowait = true;
  CHECK(attributeWait(e).kind == analysis::WaitKind::disk);
  e.in_iowait = false;
  e.woken = true;
  e.waker_context = WakerContext::disk;
  CHECK(attributeWait(e).kind == analysis::WaitKind::disk);
  e.woken = false;
  constexpr std::string_view kStack[] = {"schedule", "ext4_map_blocks"};
  e.kernel_stack = kStack;
  CHECK(attributeWait(e).kind == analysis::WaitKind::disk);
}

TEST_CASE("Terminals and other devices are told apart", "[waits]") {
  both("terminal - /dev/pts/0", [](TraceBuilder& b, ThreadScript& p) {
    p.blocksIn("read", {.args = {0}, .ret = 1, .objects = {{0, 0, b.file("/dev/pts/0", ResourceKind::tty)}}},
               2_ms);
  });
  both("device - /dev/dri/card0", [](TraceBuilder& b, ThreadScript& p) {
    p.blocksIn("ioctl", {.args = {4}, .objects = {{0, 4, b.file("/dev/dri/card0", ResourceKind::device)}}},
               2_ms);
  });
  both("sleep - timerfd", [](TraceBuilder& b, ThreadScript& p) {
    p.blocksIn("read", {.args = {4}, .ret = 8, .objects = {{0, 4, b.anon(ResourceKind::timerfd)}}}, 2_ms);
  });
}

TEST_CASE("What nothing explains is unknown", "[waits]") {
  both("unknown - -", [](TraceBuilder&, ThreadScript& p) { p.blocksIn("keyctl", {}, 2_ms); });
  both("unknown - -", [](TraceBuilder&, ThreadScript& p) { p.sleepsIn(TaskState::sleeping, 2_ms); });
}

TEST_CASE("Runnable time is the queue for a CPU, or the cgroup's limit", "[waits]") {
  TraceBuilder b;
  auto& p = b.process("p", 100);
  p.runsFor(1_ms).preemptedFor(2_ms).runsFor(1_ms).preemptedFor(3_ms, true).runsFor(1_ms).exits(0);
  Loaded db(b);
  CHECK(db.rows("SELECT wait_kind, dur FROM thread_state WHERE state = 'runnable' ORDER BY ts") ==
        "cpu-queue 2000000\ncpu-limit 3000000");
}

TEST_CASE("Parked workers are idle, those who compete or wait for a result are not", "[waits]") {
  const auto story = [](Level level) {
    TraceBuilder b(level);
    auto& main = b.process("pool", 100, 0, false);
    auto& worker = main.startsThread("worker", 101);
    auto& asker = main.startsThread("asker", 102);
    const CallSpec queue = {.args = {0x1000, 0x189, 0}};
    const CallSpec result = {.args = {0x2000, 0x189, 0}};
    const CallSpec mutex = {.args = {0x3000, 0x80, 2}};
    // The worker parks, the asker hands work over and waits for the result, twice.
    asker.at(1_ms);
    worker.at(1_ms).blocksIn("futex", queue, 9_ms).wokenBy(asker, "futex");
    asker.at(10_ms + 1000).blocksIn("futex", result, 4_ms).wokenBy(worker, "futex");
    worker.at(14_ms + 2000).blocksIn("futex", queue, 6_ms).wokenBy(asker, "futex");
    asker.at(20_ms + 3000).blocksIn("futex", result, 4_ms).wokenBy(worker, "futex");
    // Both compete for a mutex.
    worker.at(30_ms).blocksIn("futex", mutex, 1_ms).wokenBy(asker, "futex");
    asker.at(32_ms).blocksIn("futex", mutex, 1_ms).wokenBy(worker, "futex");
    worker.at(40_ms).blocksForEver("futex", queue);
    Loaded db(b);
    return blockedWaits(db, 101) + "\n\n" + blockedWaits(db, 102);
  };
  const std::string expected =
      "lock idle -\nlock idle -\nlock - -\nlock idle -\n\nlock - -\nlock - -\nlock - -";
  CHECK(story(Level::syscalls) == expected);
  CHECK(story(Level::waits) == expected);
}

TEST_CASE("A worker that reports its start to the main thread is idle none the less", "[waits]") {
  TraceBuilder b;
  auto& main = b.process("pool", 100, 0, false);
  auto& worker = main.startsThread("worker", 101);
  const CallSpec queue = {.args = {0x1000, 0x189, 0}};
  main.at(1_ms).blocksIn("futex", {.args = {0x2000, 0x189, 0}}, 2_ms).wokenBy(worker, "futex");
  worker.at(4_ms);
  for (int i = 0; i < 3; i++) worker.blocksIn("futex", queue, 5_ms).wokenBy(main, "futex").runsFor(1_ms);
  Loaded db(b);
  CHECK(blockedWaits(db, 100) == "lock - -");
  CHECK(blockedWaits(db, 101) == "lock idle -\nlock idle -\nlock idle -");
}

namespace {

// A process that the snapshot finds, with threads in calls that they never leave.
class Found {
 public:
  Found(TraceBuilder& b, ThreadScript& other, int32_t pid) : b_(b), other_(other), pid_(pid) {}
  void hangs(int32_t tid, const std::string& call, const CallSpec& spec) {
    ThreadDef def;
    def.id = b_.newThreadId();
    if (!leader_) leader_ = def.id;
    def.leader = leader_;
    def.tid = tid;
    def.pid = pid_;
    def.recorded = def.existed = true;
    b_.define(def);
    LifeEvent event;
    event.kind = LifeKind::info;
    event.ts_ns = 1'000;
    event.thread = def.id;
    b_.add(event);
    event.kind = LifeKind::blocked;
    event.state = TaskState::sleeping;
    event.pending = other_.pendingIn(call, spec);
    b_.add(event);
  }

 private:
  TraceBuilder& b_;
  ThreadScript& other_;
  int32_t pid_;
  ThreadId leader_;
};

constexpr int64_t kWaitForEver = 0x189;  // FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME

}  // namespace

TEST_CASE("Threads that are parked for the whole recording are idle, one that hangs on a mutex is not",
          "[waits]") {
  TraceBuilder b(Level::waits);
  auto& other = b.process("other", 200);
  other.runsFor(1_s);
  Found server(b, other, 100);
  server.hangs(100, "futex", {.args = {0x1000, kWaitForEver, 0}});
  server.hangs(101, "futex", {.args = {0x2000, kWaitForEver, 0}});
  server.hangs(102, "futex", {.args = {0x2000, 0x80, 0xffffffff}});  // Rust's thread::park()
  server.hangs(103, "futex", {.args = {0x3000, 0x80, 2}});
  server.hangs(104, "futex", {.args = {0x4000, kWaitForEver, 3}});
  server.hangs(105, "futex", {.args = {0x5000, 0x80, 0x80000066}});
  server.hangs(106, "futex", {.args = {0x6000, 0x109, 107}});
  server.hangs(107, "epoll_wait", {.args = {4}});
  server.hangs(109, "rt_sigsuspend", {});
  server.hangs(108, "read", {.args = {5}, .objects = {{0, 5, b.anon(ResourceKind::eventfd)}}});
  Loaded db(b);
  CHECK(blockedWaits(db, 100) == "lock idle -");
  CHECK(blockedWaits(db, 101) == "lock idle -");
  CHECK(blockedWaits(db, 102) == "lock idle -");
  CHECK(blockedWaits(db, 103) == "lock - -");
  CHECK(blockedWaits(db, 104) == "lock - -");
  CHECK(blockedWaits(db, 105) == "lock - -");
  CHECK(blockedWaits(db, 106) == "lock idle -");
  CHECK(blockedWaits(db, 108) == "ipc idle eventfd");
  CHECK(blockedWaits(db, 109) == "signal idle -");
}

TEST_CASE("Where all threads of a process wait for each other none of them is idle", "[waits]") {
  const auto story = [](bool one_is_left, bool with_time_out) {
    TraceBuilder b(Level::waits);
    auto& other = b.process("other", 200);
    other.runsFor(1_s);
    Found python(b, other, 100);
    python.hangs(100, "futex", {.args = {0x1000, kWaitForEver, 0}});
    python.hangs(101, "futex", {.args = {0x2000, kWaitForEver, 0}});
    if (one_is_left) python.hangs(102, "pause", {});
    else python.hangs(102, "futex", {.args = {0x3000, kWaitForEver, 0, with_time_out ? 0x7000 : 0}});
    Loaded db(b);
    return blockedWaits(db, 100) + ", " + blockedWaits(db, 101);
  };
  CHECK(story(false, false) == "lock - -, lock - -");
  CHECK(story(false, true) == "lock idle -, lock idle -");
  CHECK(story(true, false) == "lock idle -, lock idle -");
}

TEST_CASE("A worker that was there before and only looks up from time to time is idle", "[waits]") {
  const auto story = [](bool existed) {
    TraceBuilder b(Level::waits);
    auto& main = b.process("server", 100, 0, existed);
    ThreadDef def = main.def();
    def.id = b.newThreadId();
    def.tid = 101;
    def.existed = existed;
    b.define(def);
    const PendingCall looks_up = main.pendingIn("futex", {.args = {0x1000, kWaitForEver, 0, 0x7000}});
    for (int64_t ts = 1_ms; ts < 50_ms; ts += 10_ms) {
      SwitchEvent out{.ts_ns = ts, .thread = def.id, .state = TaskState::sleeping, .pending = looks_up};
      b.add(out);
      b.add(WakeEvent{.ts_ns = ts + 9_ms, .thread = def.id, .context = WakerContext::timer});
      b.add(SwitchEvent{.ts_ns = ts + 9_ms + 1, .thread = def.id, .in = true});
    }
    Loaded db(b);
    return db.rows(
        "SELECT DISTINCT wait_kind, coalesce(role, '-') FROM thread_state JOIN thread USING (utid)"
        " WHERE tid = 101 AND state = 'blocked'");
  };
  CHECK(story(true) == "sleep idle");
  CHECK(story(false) == "sleep -");
}

TEST_CASE("A wait that the snapshot found says since when", "[waits]") {
  TraceBuilder b(Level::waits);
  ThreadDef def;
  def.id = b.newThreadId();
  def.leader = def.id;
  def.tid = def.pid = 100;
  def.recorded = def.existed = true;
  b.define(def);
  LifeEvent info;
  info.kind = LifeKind::info;
  info.ts_ns = 9'000;
  info.thread = def.id;
  b.add(info);
  auto& q = b.process("q", 200);
  LifeEvent blocked;
  blocked.kind = LifeKind::blocked;
  blocked.ts_ns = 10'000;
  blocked.thread = def.id;
  blocked.state = TaskState::sleeping;
  blocked.pending = q.pendingIn("read", {.args = {0}, .objects = {{0, 0, b.pipe(7)}}});
  blocked.start_blocked_ns = -5'000'000'000;
  b.add(blocked);
  q.runsFor(1_s).exits(0);
  Loaded db(b);
  const std::string last = db.rows(
      "SELECT s.ts, s.wait_kind, r.name, s.since_ts, s.dur, s.call_name FROM thread_state s JOIN thread "
      "USING (utid) JOIN "
      "resource r ON r.id = s.resource_id WHERE tid = 100");
  CHECK(last == "9000 ipc pipe:[7] -5000000000 - read");
}
