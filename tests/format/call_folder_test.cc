// A file that keeps within its size: what becomes a count, and that the counts are exact.
#include "format/call_folder.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <tuple>

#include "format/syscall_table.h"
#include "format/testing/trace_builder.h"

namespace tarry::testing {
namespace {

SyscallEvent call(std::string_view name, int64_t ret = 0, int64_t dur_ns = 1'000) {
  SyscallEvent event;
  event.thread = ThreadId{1};
  event.call_seq = 5;
  event.enter_ns = 1'000'000;
  event.dur_ns = dur_ns;
  event.abi = Abi::x86_64;
  event.nr = findSyscall(Abi::x86_64, name)->nr;
  event.ret = ret;
  return event;
}

SwitchEvent switchOf(bool in, int64_t ts_ns, TaskState state = TaskState::sleeping) {
  SwitchEvent event;
  event.thread = ThreadId{1};
  event.in = in;
  event.ts_ns = ts_ns;
  event.state = state;
  return event;
}

// What is said of calls, in sum, whether they are kept one by one or as counts.
struct Totals {
  uint64_t calls = 0;
  int64_t results = 0, total_ns = 0;
  friend bool operator==(const Totals&, const Totals&) = default;
};
using Key = std::tuple<uint32_t, int32_t, int32_t, uint32_t>;  // thread, number, error, resource

class Sums : public TraceVisitor {
 public:
  std::map<Key, Totals> totals;
  uint64_t kept = 0, folded = 0, payloads = 0, payloads_left_out = 0;
  void onSyscall(const SyscallEvent& e) override {
    ++kept;
    payloads += e.payloads.size();
    const ResourceId resource = e.objects.empty() ? ResourceId{} : e.objects[0].resource;
    Totals& sum =
        totals[{e.thread.value, e.nr, e.ret < 0 ? static_cast<int32_t>(-e.ret) : 0, resource.value}];
    ++sum.calls;
    if (e.ret >= 0) sum.results += e.ret;
    sum.total_ns += e.dur_ns;
  }
  void onFold(const FoldEvent& e) override {
    if (e.kind == FoldKind::payload) {
      payloads_left_out += e.count;
      return;
    }
    folded += e.count;
    Totals& sum = totals[{e.thread.value, e.nr, e.error, e.resource.value}];
    sum.calls += e.count;
    sum.results += e.result_sum;
    sum.total_ns += e.total_ns;
  }
};

TEST_CASE("CallFolder folds what nothing else is understood by") {
  CallFolder folder;
  const auto file = ResourceKind::file;
  const auto folds = [&](const SyscallEvent& event, Thrift thrift, ResourceKind kind = ResourceKind::file) {
    return folder.folds(event, kind, thrift);
  };
  for (const auto* name :
       {"read", "write", "lseek", "fstat", "getdents64", "mmap", "brk", "futex", "getpid", "poll"}) {
    INFO(name);
    CHECK(!folds(call(name), Thrift::none));
    CHECK(!folds(call(name), Thrift::payload));
    CHECK(folds(call(name), Thrift::calls));
    CHECK(folds(call(name, -11), Thrift::calls));
  }
  for (const auto* name : {"dup2", "eventfd2", "epoll_ctl", "epoll_create1", "wait4", "kill", "clone",
                           "execve", "connect", "accept4", "socket", "pipe2", "chdir", "exit_group",
                           "recvmsg", "rename", "unlink", "io_uring_enter"}) {
    INFO(name);
    CHECK(!folds(call(name), Thrift::files));
  }
  // The last resort: whom it talks to, what it opens and looks for.
  CHECK(!folds(call("sendto", 10), Thrift::calls, ResourceKind::socket));
  CHECK(folds(call("sendto", 10), Thrift::files, ResourceKind::socket));
  for (const SyscallEvent& file_call :
       {call("openat", -2), call("openat", 3), call("close"), call("ioctl", -25), call("fcntl")}) {
    CHECK(!folds(file_call, Thrift::calls));
    CHECK(folds(file_call, Thrift::files));
  }
  SyscallEvent look = call("newfstatat");
  const StringArg path{1, StringId{1}, false};
  look.strings = {&path, 1};
  CHECK(!folds(look, Thrift::calls));
  CHECK(folds(look, Thrift::files));
  // Long ones, those that waited, and those that are not whole.
  CHECK(!folds(call("read", 0, CallFolder::kShortNs + 1), Thrift::files));
  SyscallEvent open_end = call("read");
  open_end.flags.unfinished = true;
  CHECK(!folds(open_end, Thrift::files));
  folder.switched(switchOf(false, 1'000'000));
  CHECK(!folds(call("read"), Thrift::files));
  SyscallEvent before = call("read"), later = call("read");
  before.enter_ns = 1'000'000 - before.dur_ns - 1;
  later.enter_ns = 1'000'001;
  CHECK(folder.folds(before, file, Thrift::calls));
  CHECK(folder.folds(later, file, Thrift::calls));
  SyscallEvent other = call("read");
  other.thread = ThreadId{2};
  CHECK(folder.folds(other, file, Thrift::calls));
  // When it left its CPU long ago is forgotten: then nobody knows.
  for (int i = 0; i < 10'000; ++i) folder.switched(switchOf(false, 2'000'000 + 10 * i));
  CHECK(!folder.folds(later, file, Thrift::calls));
  later.enter_ns = 3'000'000;
  CHECK(folder.folds(later, file, Thrift::calls));
}

TEST_CASE("CallFolder does not take the recorder's stops for a call's own time") {
  CallFolder folder;
  const int64_t begin = 1'000'000;
  const auto stop = [&folder](int64_t from_ns, int64_t to_ns) {
    folder.switched(switchOf(false, from_ns, TaskState::recorder));
    folder.switched(switchOf(true, to_ns));
  };
  const auto folds = [&folder](int64_t own_ns, int64_t stopped_ns) {
    return folder.folds(call("read", 0, own_ns + stopped_ns), ResourceKind::file, Thrift::calls);
  };
  stop(begin - 900'000, begin - 500'000);
  CHECK(!folds(CallFolder::kShortNs, 1));
  stop(begin - 100'000, begin + 300'000);
  stop(begin + 310'000, begin + 810'000);
  CHECK(folds(CallFolder::kShortNs, 800'000));
  CHECK(!folds(CallFolder::kShortNs + 1, 800'000));
  // In the middle of one.
  CHECK(folds(10'000, 400'000));
}

TEST_CASE("CallFolder keeps a call that waited for a CPU as long as there is room") {
  CallFolder folder;
  folder.switched(switchOf(false, 1'000'500, TaskState::runnable));
  folder.switched(switchOf(true, 1'000'600));
  CHECK(!folder.folds(call("read"), ResourceKind::file, Thrift::calls));
  CHECK(folder.folds(call("read"), ResourceKind::file, Thrift::files));
  folder.switched(switchOf(false, 1'000'700));
  CHECK(!folder.folds(call("read"), ResourceKind::file, Thrift::files));
}

TEST_CASE("CallFolder keeps of payload what the rest needs") {
  CallFolder folder;
  const std::vector<uint8_t> bytes(12, 1);
  const std::vector<PayloadRef> event{{3, 0, PayloadDirection::in, 12, bytes}};
  SyscallEvent control = call("epoll_ctl");
  control.payloads = event;
  CHECK(folder.strip(control).size() == 1);
  CHECK(folder.empty());
  const std::vector<PayloadRef> buffer{{1, 0, PayloadDirection::in, 100, bytes}};
  SyscallEvent write = call("write", 100);
  write.payloads = buffer;
  CHECK(folder.strip(write).empty());
  const std::vector<FoldEvent> folds = folder.take();
  REQUIRE(folds.size() == 1);
  CHECK(folds[0].kind == FoldKind::payload);
  CHECK(folds[0].count == 1);
  CHECK(folds[0].result_sum == 12);
  CHECK(folder.empty());
}

// The same calls into a file without a limit and into bounded ones.
std::vector<uint8_t> manyCalls(uint64_t max_bytes) {
  TraceBuilder b;
  b.options().max_bytes = max_bytes;
  b.options().block_rows = 500;
  std::mt19937 random(7);
  const auto below = [&random](uint32_t n) { return static_cast<int64_t>(random() % n); };
  const std::vector<ResourceId> files{b.file("/a"), b.file("/b"), b.file("/c")};
  std::vector<ThreadScript*> threads;
  for (int i = 0; i < 3; ++i) threads.push_back(&b.process("p" + std::to_string(i), 10 + i));
  for (int i = 0; i < 20'000; ++i) {
    ThreadScript& thread = *threads[static_cast<size_t>(below(3))];
    const int64_t fd = below(3);
    const ObjectSpec object{0, static_cast<int32_t>(fd), files[static_cast<size_t>(fd)]};
    const int64_t bytes = below(5) == 0 ? -11 : below(5000);
    switch (below(8)) {
      case 0: thread.call("close", {.args = {fd}, .objects = {object}}, 500 + below(100)); break;
      case 1:
        thread.blocksIn("read", {.args = {fd}, .ret = 1, .objects = {object}}, 10_us + below(1000));
        break;
      case 2: thread.call("getpid", {.ret = 10}, 100 + below(50)); break;
      case 3: thread.call("read", {.args = {fd}, .ret = 1, .objects = {object}}, 1_ms + below(1000)); break;
      default:
        thread.call("write",
                    {.args = {fd},
                     .ret = bytes,
                     .objects = {object},
                     .payloads = {{1, PayloadDirection::in, "text"}}},
                    1_us + below(3000));
    }
    thread.runsFor(below(2000));
  }
  for (ThreadScript* thread : threads) thread->exits(0);
  return b.bytes();
}

TEST_CASE("A bounded file counts every call once") {
  const std::vector<uint8_t> whole = manyCalls(0);
  Sums want;
  TraceReader::fromMemory(whole).read(want);
  REQUIRE(want.folded == 0);
  REQUIRE(want.payloads > 5000);
  uint64_t most_folded = 0;
  for (const uint64_t part : {1, 2, 4, 12}) {
    const uint64_t max_bytes = whole.size() / part;
    const std::vector<uint8_t> bounded = manyCalls(max_bytes);
    TraceReader reader = TraceReader::fromMemory(bounded);
    Sums got;
    reader.read(got);
    INFO("a " << part << "th: " << bounded.size() << " of " << whole.size());
    CHECK(got.totals == want.totals);
    CHECK(got.kept + got.folded == want.kept);
    CHECK(got.payloads + got.payloads_left_out == want.payloads);
    CHECK(got.folded > most_folded);
    CHECK(bounded.size() < whole.size());
    CHECK(reader.report().clean());
    most_folded = got.folded;
  }
}

TEST_CASE("Counts are written before long") {
  std::vector<uint8_t> bytes;
  WriterOptions options;
  options.max_bytes = 1;  // full from the first block on
  TraceWriter writer(memorySink(bytes), {}, options);
  ThreadDef def;
  def.id = def.leader = ThreadId{1};
  def.recorded = true;
  writer.define(def);
  SyscallEvent event = call("getpid", 10);
  for (int64_t ns = 0; ns < kLongestUnwrittenNs; ns += 1'000'000) {
    event.enter_ns = ns;
    ++event.call_seq;
    writer.add(event);
    if (ns % 100'000'000 == 0) writer.tick(ns);
  }
  writer.tick(kLongestUnwrittenNs);
  Sums got;
  TraceReader::fromMemory(bytes).read(got);
  CHECK(got.kept == 0);
  CHECK(got.folded > 0);
}

}  // namespace
}  // namespace tarry::testing
