// TraceBuilder makes traces in memory with invented time, for tests. Programs are told as scripts,
// one a thread; each has its own clock that its steps move on:
//
//   TraceBuilder b;
//   auto& server = b.process("server", 90);
//   auto& client = b.process("python3", 100);
//   auto socket = b.socket("10.0.0.1", 4000, "10.0.0.2", 80);
//   client.runsFor(10_ms).call("openat", {.args = {-100, 0, 0}, .ret = 3, .strings = {{1, "/etc/hosts"}}});
//   client.blocksIn("recvfrom", {.args = {4}, .ret = 17, .objects = {{0, 4, socket}}}, 2_s).wokenBy(server);
//   client.exits(0);
//   TraceReader reader = b.reader();
//
// Times are nanoseconds from the start of the trace (ts = 0 of the database); the builder adds
// kStartNs to make them CLOCK_BOOTTIME. Scripts emit switches and wake-ups as a kernel would: a
// process is on its CPU from its birth, a blocking call gives switch out, wake-up, switch in.
// Whatever no script can say goes in through add().
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "format/events.h"
#include "format/trace_reader.h"
#include "format/trace_writer.h"

namespace tarry::testing {

constexpr int64_t operator""_ns(unsigned long long v) {
  return static_cast<int64_t>(v);
}
constexpr int64_t operator""_us(unsigned long long v) {
  return static_cast<int64_t>(v) * 1'000;
}
constexpr int64_t operator""_ms(unsigned long long v) {
  return static_cast<int64_t>(v) * 1'000'000;
}
constexpr int64_t operator""_s(unsigned long long v) {
  return static_cast<int64_t>(v) * 1'000'000'000;
}

// A ByteSink that keeps everything; `bytes` outlives it.
std::unique_ptr<ByteSink> memorySink(std::vector<uint8_t>& bytes);

class TraceBuilder;

struct StringSpec {
  uint8_t arg = 0;
  std::string text{};
  bool truncated = false;
};

struct PayloadSpec {
  uint8_t arg = 0;
  PayloadDirection direction = PayloadDirection::in;
  std::string data{};
  uint64_t length = 0;  // 0: that of data
  uint16_t part = 0;
};

struct ObjectSpec {
  int role = 0;  // ObjectRole as a number, so that arguments read as such
  int32_t fd = -1;
  ResourceId resource{};
  uint64_t ready_data = 0;
};

// A signal that another process sent (si_code SI_USER by default).
SignalEvent signalFrom(int32_t signo, int32_t pid, uint32_t uid, int32_t code = 0);

// A call as a test tells it. Arguments beyond those given are recorded as 0.
struct CallSpec {
  std::vector<int64_t> args{};
  int64_t ret = 0;
  std::vector<ObjectSpec> objects{};
  std::vector<StringSpec> strings{};
  std::vector<PayloadSpec> payloads{};
  CallFlags flags{};
  Abi abi = Abi::x86_64;
  uint8_t arg_mask = 0x3F;
  StackId user_stack{};
};

// The script of one thread. References stay valid as long as the builder.
class ThreadScript {
 public:
  ThreadId id() const { return def_.id; }
  const ThreadDef& def() const { return def_; }
  int64_t now() const { return now_; }
  ThreadScript& at(int64_t ts_ns);        // moves the thread's clock; does not emit anything
  ThreadScript& onCpu(uint16_t cpu);      // for the following switches
  ThreadScript& runsFor(int64_t dur_ns);  // on its CPU

  // A call that does not block; dur_ns is spent in it.
  ThreadScript& call(std::string_view name, const CallSpec& spec = {}, int64_t dur_ns = 1000);
  // A call that blocks for dur_ns: enter, switch out, wake-up, switch in, exit. At level `waits`
  // (the builder's header) no call is recorded, only its waits. The wake-up's context is unknown
  // until wokenBy() says; with runnable_ns the thread waits for a CPU after it.
  ThreadScript& blocksIn(std::string_view name, const CallSpec& spec, int64_t dur_ns,
                         int64_t runnable_ns = 0);
  // Enters a call, blocks and never returns: what the end of the recording or of the thread finds.
  ThreadScript& blocksForEver(std::string_view name, const CallSpec& spec = {});
  // Blocks without a call (page fault, stop …).
  ThreadScript& sleepsIn(TaskState state, int64_t dur_ns, bool iowait = false, ResourceId resource = {});
  // Says who ended the last wait.
  ThreadScript& wokenBy(const ThreadScript& waker, std::string_view waker_call = {},
                        ResourceId resource = {});
  ThreadScript& wokenBy(WakerContext context, ResourceId resource = {});
  ThreadScript& kernelStack(StackId stack);  // of the last wake-up
  // Gets a signal: `event` without time and thread. siginfo's pid and uid are fields[0] (signalFrom()).
  ThreadScript& getsSignal(SignalEvent event);
  // A socket event of its own doing: `event` without time and thread.
  ThreadScript& socketEvent(SocketEvent event);
  // A call of a TLS library that moved all of `data`; dur_ns is spent in it.
  ThreadScript& tls(PayloadDirection direction, std::string_view data, uint64_t session,
                    ResourceId resource = {}, int64_t dur_ns = 1000);
  // Loses its CPU but not its wish to run.
  ThreadScript& preemptedFor(int64_t dur_ns, bool throttled = false);

  ThreadScript& forks(std::string_view comm, int32_t pid);         // returns the child's script
  ThreadScript& startsThread(std::string_view comm, int32_t tid);  // likewise
  ThreadScript& execs(std::string_view exe, std::initializer_list<std::string_view> argv = {});
  ThreadScript& renamed(std::string_view comm);
  // Exit event and last switch out; a thread of a process with others leaves group_dead to the last.
  ThreadScript& exits(int32_t status = 0, bool group_dead = true);

  // For what is added by hand: the next number and what the thread would be pending in.
  uint32_t nextSeq() { return ++seq_; }
  PendingCall pendingIn(std::string_view name, const CallSpec& spec) const;

 private:
  friend class TraceBuilder;
  ThreadScript(TraceBuilder& builder, ThreadDef def, int64_t now) : builder_(builder), def_(def), now_(now) {}
  void switchOut(TaskState state, const PendingCall& pending, bool iowait, bool throttled);
  void switchIn();
  void wake();
  void recordCall(std::string_view name, const CallSpec& spec, int64_t enter_ns, int64_t dur_ns);

  TraceBuilder& builder_;
  ThreadDef def_;
  int64_t now_;
  uint16_t cpu_ = 0;
  uint32_t seq_ = 0;
  size_t last_wake_ = SIZE_MAX;  // index in the builder's wakes
};

class TraceBuilder {
 public:
  static constexpr int64_t kStartNs = 1'000'000'000'000;         // boottime of ts = 0
  static constexpr int64_t kWallNs = 1'700'000'000'000'000'000;  // wall clock of ts = 0

  explicit TraceBuilder(Level level = Level::syscalls);
  ~TraceBuilder();
  TraceBuilder(const TraceBuilder&) = delete;  // scripts refer to it
  TraceBuilder& operator=(const TraceBuilder&) = delete;

  TraceHeader& header() { return header_; }
  WriterOptions& options() { return options_; }
  // Reason and command status of the trailer; its end is the last event's time.
  Trailer& trailer() { return trailer_; }
  void cut() { cut_ = true; }  // no trailer: as after kill -9

  // A process that the recording sees from `start` on: with existed, it was there before.
  ThreadScript& process(std::string_view comm, int32_t pid, int64_t start = 0, bool existed = true);
  // Known by name only: a waker or peer that is not recorded.
  ThreadScript& bystander(std::string_view comm, int32_t pid);

  StringId text(std::string_view text);
  ResourceId define(Resource resource);  // its id is given here if it is none
  ResourceId file(std::string_view path, ResourceKind kind = ResourceKind::file);
  ResourceId socket(std::string_view local, uint16_t local_port, std::string_view remote,
                    uint16_t remote_port,
                    uint16_t protocol = 6);  // IPv4, dotted
  ResourceId listener(std::string_view local, uint16_t port);
  ResourceId pipe(uint64_t inode);
  ResourceId anon(ResourceKind kind);  // eventfd, epoll, timerfd …
  void openFd(const ThreadScript& process, int32_t fd, ResourceId resource);
  void epollMember(const EpollMember& member);
  StackId stack(std::initializer_list<std::string_view> symbols, bool kernel = true);  // innermost first
  void loss(int64_t ts_ns, int64_t dur_ns, LossSource source, uint64_t count, ThreadId thread = {});

  // Raw events, their times in trace time. Calls keep copies of what their spans show.
  void add(LifeEvent event);
  void add(SwitchEvent event);
  void add(WakeEvent event);
  void add(SignalEvent event);
  void add(SocketEvent event);
  void add(PlaintextEvent event);
  void add(PacketEvent event);
  void add(FoldEvent event);
  void add(SyscallEvent event);

  ThreadId newThreadId() { return ThreadId{++last_thread_}; }
  void define(const ThreadDef& thread);

  // The trace so far. May be called again after more was added.
  std::vector<uint8_t> bytes();
  TraceReader reader(std::string name = "test.tarry");

 private:
  friend class ThreadScript;
  struct OwnedCall;
  ThreadScript& script(ThreadDef def, int64_t now);
  int64_t lastTime() const;

  TraceHeader header_;
  WriterOptions options_;
  Trailer trailer_;
  bool cut_ = false;
  uint32_t last_thread_ = 0, last_resource_ = 0;
  std::vector<std::string> texts_;  // StringId - 1
  std::vector<ThreadDef> threads_;
  std::vector<Resource> resources_;
  std::vector<OpenFd> open_fds_;
  std::vector<EpollMember> epoll_members_;
  struct StackSpec {
    bool kernel;
    std::vector<StringId> symbols;
  };
  std::vector<StackSpec> stacks_;
  std::vector<LifeEvent> life_;
  std::vector<SwitchEvent> switches_;
  std::vector<WakeEvent> wakes_;
  std::vector<SignalEvent> signals_;
  std::vector<SocketEvent> sockets_;
  struct OwnedPlaintext {
    PlaintextEvent event;
    std::vector<uint8_t> data;
  };
  std::vector<OwnedPlaintext> plaintexts_;
  struct OwnedPacket {
    PacketEvent event;
    std::vector<uint8_t> data;
  };
  std::vector<OwnedPacket> packets_;
  std::vector<FoldEvent> folds_;
  std::vector<std::unique_ptr<OwnedCall>> calls_;
  std::vector<LossEvent> losses_;
  std::vector<std::unique_ptr<ThreadScript>> scripts_;
};

}  // namespace tarry::testing
