// Where FailureFinder gets its calls from: the tables, or the trace itself.
#include <cstring>
#include <string>
#include <unordered_map>
#include <utility>

#include "analyzer/call_objects.h"
#include "analyzer/decode/names.h"
#include "analyzer/sqlite.h"
#include "format/syscall_table.h"
#include "format/trace_reader.h"
#include "query/why/failed_call.h"

namespace tarry {
namespace {

constexpr int64_t kSolSocket = 1, kSoError = 4;  // asm-generic/socket.h
constexpr uint8_t kSockaddrArg = 1;              // of connect(2) and bind(2)
constexpr uint8_t kOptvalArg = 3;                // of getsockopt(2)

std::optional<int32_t> soErrorIn(std::string_view bytes) {
  int32_t value = 0;
  if (bytes.size() < sizeof value) return std::nullopt;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::string_view textOf(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<FailedCall> fromTables(Database& db, const Timeline& timeline, int32_t process) {
  FailureFinder finder(timeline, process);
  // Rows of syscall are numbered in the order of time.
  auto q = db.prepare(
      "SELECT s.name, s.errno, s.ret, s.path, s.resource_id, s.a1, s.a2, p.data,"
      " CASE WHEN s.errno IS NOT NULL AND s.path IS NOT NULL THEN"
      "  (SELECT r.path FROM syscall_object o JOIN resource r ON r.id = o.resource_id WHERE o.syscall_id = "
      "s.id"
      "   AND o.role IN ('dirfd', 'old', 'root', 'cwd') ORDER BY o.role = 'cwd' LIMIT 1) END"
      " FROM syscall s"
      " LEFT JOIN payload p ON p.syscall_id = s.id AND p.part = 0 AND"
      "   p.arg = CASE s.name WHEN 'connect' THEN 1 WHEN 'bind' THEN 1 WHEN 'getsockopt' THEN 3 END"
      " WHERE s.utid IN (SELECT utid FROM thread WHERE upid = ?1) AND s.ret IS NOT NULL ORDER BY s.id");
  q.bind(1, timeline.process(process).upid);
  while (q.step()) {
    CallOutcome call;
    call.name = q.text(0);
    if (!q.isNull(1)) call.error = q.text(1);
    call.ret = q.integer(2);
    if (!q.isNull(3)) call.path = q.text(3);
    if (!q.isNull(8)) call.directory = q.text(8);
    if (!q.isNull(4)) call.resource = q.integer(4);
    if (!q.isNull(7) && call.name == "getsockopt") {
      if (q.integer(5) == kSolSocket && q.integer(6) == kSoError)
        call.so_error = soErrorIn(textOf(q.blob(7)));
    } else if (!q.isNull(7)) {
      call.address = textOf(q.blob(7));
    }
    finder.add(call);
  }
  return finder.result();
}

class OutcomeVisitor : public TraceVisitor {
 public:
  // Calls of process `pid`, entered in [begin, end) on the trace's own clock: pids are reused.
  OutcomeVisitor(const TraceReader& reader, FailureFinder& finder, int64_t pid, int64_t begin, int64_t end)
      : reader_(reader), finder_(finder), pid_(pid), begin_(begin), end_(end) {}

  void onResource(const Resource& resource) override {
    if (resource.kind == ResourceKind::dir && resource.path)
      directories_.insert_or_assign(resource.id.value, std::string(reader_.text(resource.path)));
  }

  void onThread(const ThreadDef& thread) override { pids_[thread.id.value] = thread.pid; }

  void onSyscall(const SyscallEvent& event) override {
    if (event.flags.unfinished || event.enter_ns < begin_ || event.enter_ns > end_) return;
    const auto pid = pids_.find(event.thread.value);
    if (pid == pids_.end() || pid->second != pid_) return;
    const SyscallSpec* spec = findSyscall(event.abi, event.nr);
    if (spec == nullptr) return;
    CallOutcome call;
    call.name = spec->name;
    call.ret = event.ret;
    constexpr int64_t kMaxErrno = 4095;  // include/linux/err.h
    if (event.ret < 0 && event.ret >= -kMaxErrno) {
      const decode::ErrorName* known = decode::findError(-event.ret);
      call.error = known != nullptr ? known->name : std::string_view("E?");
    }
    const auto [path, directory] = pathOf(event, *spec);
    call.path = path;
    call.directory = directory;
    const ObjectRef* main = analysis::mainObject(event);
    call.resource = main != nullptr ? main->resource.value : 0;
    for (const PayloadRef& payload : event.payloads) {
      if (payload.part != 0) continue;
      if (payload.arg == kSockaddrArg && (call.name == "connect" || call.name == "bind"))
        call.address = textOf(payload.data);
      if (payload.arg == kOptvalArg && call.name == "getsockopt" && event.args[1] == kSolSocket &&
          event.args[2] == kSoError)
        call.so_error = soErrorIn(textOf(payload.data));
    }
    finder_.add(call);
  }

 private:
  // The first path argument as in table syscall, and the directory it started from.
  std::pair<std::string, std::string_view> pathOf(const SyscallEvent& event, const SyscallSpec& spec) const {
    const StringArg* first = nullptr;
    for (const StringArg& string : event.strings)
      if (string.arg < kMaxArgs && spec.args[string.arg].type == ArgType::path &&
          (first == nullptr || string.arg < first->arg))
        first = &string;
    if (first == nullptr) return {};
    const std::string_view text = reader_.text(first->text);
    const ObjectRef* base = analysis::pathBase(event, spec, first->arg, text);
    const auto directory = base != nullptr ? directories_.find(base->resource.value) : directories_.end();
    if (directory == directories_.end()) return {std::string(text), {}};
    return {analysis::joinedPath(directory->second, text), directory->second};
  }

  const TraceReader& reader_;
  FailureFinder& finder_;
  int64_t pid_, begin_, end_;
  std::unordered_map<uint32_t, int64_t> pids_;
  std::unordered_map<uint32_t, std::string> directories_;  // paths by resource
};

int64_t addClamped(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? INT64_MAX : INT64_MIN;
  return sum;
}

}  // namespace

FailedCallSource failedCallFromTables(Database& db) {
  return [&db](const Timeline& timeline, int32_t process) -> std::optional<FailedCall> {
    const int32_t failed = whoFailed(timeline, process);
    if (failed == kNone) return std::nullopt;
    return fromTables(db, timeline, failed);
  };
}

FailedCallSource failedCallFromTrace(TraceReader& reader) {
  return [&reader](const Timeline& timeline, int32_t process) -> std::optional<FailedCall> {
    const int32_t failed = whoFailed(timeline, process);
    if (failed == kNone || reader.header().level == Level::waits) return std::nullopt;
    const ProcessInfoRow& p = timeline.process(failed);
    const int64_t start = reader.header().start.boottime_ns;
    ReadFilter filter;
    filter.from_ns = addClamped(p.start_ts.value_or(INT64_MIN), start);
    filter.to_ns = addClamped(p.end_ts.value_or(INT64_MAX), start);
    filter.payloads = reader.header().snaplen != 0;
    filter.scheduling = false;
    FailureFinder finder(timeline, failed);
    OutcomeVisitor visitor(reader, finder, p.pid, filter.from_ns, filter.to_ns);
    reader.read(visitor, filter);
    return finder.result();
  };
}

}  // namespace tarry
