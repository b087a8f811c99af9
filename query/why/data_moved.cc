#include "query/why/data_moved.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <utility>

#include "analyzer/sqlite.h"
#include "format/syscall_table.h"
#include "format/trace_reader.h"
#include "query/render/units.h"

namespace tarry {
namespace {

constexpr size_t kNamed = 5;

// Calls whose result is the number of bytes they moved.
constexpr std::array<std::string_view, 7> kReads = {"read",    "pread64",  "readv",  "preadv",
                                                    "preadv2", "recvfrom", "recvmsg"};
constexpr std::array<std::string_view, 11> kWrites = {"write",    "pwrite64",        "writev",  "pwritev",
                                                      "pwritev2", "sendto",          "sendmsg", "sendfile",
                                                      "splice",   "copy_file_range", "vmsplice"};

std::string sqlList(std::span<const std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) list += fmt::format("{}'{}'", list.empty() ? "" : ", ", name);
  return list;
}

std::vector<MovedBytes> movedRows(Database& db, std::string_view where,
                                  std::span<const std::string_view> names, int64_t& total) {
  auto q = db.prepare(fmt::format(
      "SELECT coalesce(r.name, '?'), sum(s.bytes) AS b, count(*) FROM syscall s LEFT JOIN resource r"
      " ON r.id = s.resource_id WHERE {} AND s.name IN ({}) AND s.bytes > 0 GROUP BY 1 ORDER BY b DESC",
      where, sqlList(names)));
  std::vector<MovedBytes> result;
  while (q.step()) {
    total += q.integer(1);
    if (result.size() < kNamed) result.push_back({printable(q.text(0)), q.integer(1), q.integer(2)});
  }
  return result;
}

DataMoved fromTables(Database& db, const Timeline& timeline, int32_t process, int64_t begin, int64_t end) {
  std::string where = fmt::format("s.ts >= {} AND s.ts < {}", begin, end);
  if (process != kNone)
    where += fmt::format(" AND s.utid IN (SELECT utid FROM thread WHERE upid = {})",
                         timeline.process(process).upid);
  DataMoved result;
  result.read = movedRows(db, where, kReads, result.read_bytes);
  result.written = movedRows(db, where, kWrites, result.written_bytes);
  auto q = db.prepare(fmt::format(
      "SELECT s.name, count(*), sum(coalesce(s.dur, 0) - s.blocked_ns) AS t FROM syscall s WHERE {}"
      " GROUP BY s.name ORDER BY t DESC",
      where));
  while (q.step()) {
    result.calls += q.integer(1);
    if (result.busiest.size() < kNamed)
      result.busiest.push_back({printable(q.text(0)), q.integer(1), q.integer(2)});
  }
  return result;
}

// Sums the calls of a trace as they pass.
class MovedVisitor : public TraceVisitor {
 public:
  // pid 0: all processes. Times are BOOTTIME, as in the trace.
  MovedVisitor(int64_t pid, int64_t begin, int64_t end) : pid_(pid), begin_(begin), end_(end) {}

  struct Moved {
    int64_t bytes = 0;
    int64_t calls = 0;
  };
  struct Call {
    std::string_view name;
    bool reads = false;
    bool writes = false;
    int64_t count = 0;
    int64_t total_ns = 0;
  };

  void onThread(const ThreadDef& thread) override {
    if (pid_ != 0) pids_[thread.id.value] = thread.pid;
  }

  void onSyscall(const SyscallEvent& event) override {
    if (event.enter_ns < begin_ || event.enter_ns >= end_) return;
    if (pid_ != 0) {
      const auto found = pids_.find(event.thread.value);
      if (found == pids_.end() || found->second != pid_) return;
    }
    Call& call = callOf(event.abi, event.nr);
    ++call.count;
    if (event.flags.unfinished) return;
    call.total_ns += event.dur_ns;
    if ((!call.reads && !call.writes) || event.ret <= 0) return;
    uint32_t resource = 0;
    for (const ObjectRef& object : event.objects)
      if (object.role == ObjectRole::arg0) resource = object.resource.value;
    Moved& moved = (call.reads ? read_ : written_)[resource];
    moved.bytes += event.ret;
    ++moved.calls;
  }

  DataMoved result(Database& db, const Timeline& timeline, int32_t process) const {
    DataMoved result;
    result.read = named(db, read_, result.read_bytes);
    result.written = named(db, written_, result.written_bytes);
    const auto waiting = waitingByCall(timeline, process);
    for (const auto& [key, call] : calls_) {
      result.calls += call.count;
      const auto found = waiting.find(call.name);
      const int64_t waited = found == waiting.end() ? 0 : found->second;
      result.busiest.push_back(
          {std::string(call.name), call.count, std::max<int64_t>(0, call.total_ns - waited)});
    }
    std::stable_sort(result.busiest.begin(), result.busiest.end(),
                     [](const CallTime& a, const CallTime& b) { return a.total_ns > b.total_ns; });
    if (result.busiest.size() > kNamed) result.busiest.resize(kNamed);
    return result;
  }

 private:
  Call& callOf(Abi abi, int32_t nr) {
    const std::pair<Abi, int32_t> key(abi, nr);
    if (last_ != nullptr && key == last_key_) return *last_;
    const auto [entry, added] = calls_.try_emplace(key);
    Call& call = entry->second;
    if (added) {
      const SyscallSpec* spec = findSyscall(abi, nr);
      call.name = spec == nullptr ? std::string_view("an unknown call") : spec->name;
      call.reads = std::find(kReads.begin(), kReads.end(), call.name) != kReads.end();
      call.writes = std::find(kWrites.begin(), kWrites.end(), call.name) != kWrites.end();
    }
    last_ = &call;
    last_key_ = key;
    return call;
  }

  static std::vector<MovedBytes> named(Database& db, const std::unordered_map<uint32_t, Moved>& moved,
                                       int64_t& total) {
    // A file that was renamed or a peer that reconnected has several resources of one name.
    std::map<std::string, MovedBytes> by_name;
    auto q = db.prepare("SELECT name FROM resource WHERE id = ?1");
    for (const auto& [resource, sum] : moved) {
      total += sum.bytes;
      q.bind(1, static_cast<int64_t>(resource));
      MovedBytes& entry = by_name[q.step() ? printable(q.text(0)) : "?"];
      q.reset();
      entry.bytes += sum.bytes;
      entry.calls += sum.calls;
    }
    std::vector<MovedBytes> list;
    for (auto& [name, entry] : by_name) {
      entry.name = name;
      list.push_back(entry);
    }
    std::stable_sort(list.begin(), list.end(),
                     [](const MovedBytes& a, const MovedBytes& b) { return a.bytes > b.bytes; });
    if (list.size() > kNamed) list.resize(kNamed);
    return list;
  }

  static std::map<std::string_view, int64_t> waitingByCall(const Timeline& timeline, int32_t process) {
    std::map<std::string_view, int64_t> waiting;
    for (const StateRow& row : timeline.states()) {
      if (row.call == kNone || row.state == RunState::running) continue;
      if (process == kNone || timeline.thread(row.thread).process == process)
        waiting[timeline.name(row.call)] += row.length();
    }
    return waiting;
  }

  int64_t pid_, begin_, end_;
  std::unordered_map<uint32_t, int64_t> pids_;  // of threads
  std::map<std::pair<Abi, int32_t>, Call> calls_;
  std::pair<Abi, int32_t> last_key_{};
  Call* last_ = nullptr;
  std::unordered_map<uint32_t, Moved> read_, written_;
};

int64_t addClamped(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? INT64_MAX : INT64_MIN;
  return sum;
}

}  // namespace

DataMovedSource movedFromTables(Database& db) {
  return [&db](const Timeline& timeline, int32_t process, int64_t begin, int64_t end) {
    return fromTables(db, timeline, process, begin, end);
  };
}

DataMovedSource movedFromTrace(TraceReader& reader, Database& db) {
  return [&reader, &db](const Timeline& timeline, int32_t process, int64_t begin, int64_t end) {
    if (reader.header().level == Level::waits) return DataMoved{};
    const int64_t start = reader.header().start.boottime_ns;
    const int64_t pid = process == kNone ? 0 : timeline.process(process).pid;
    const int64_t from = addClamped(begin, start), to = addClamped(end, start);
    MovedVisitor visitor(pid, from, to);
    ReadFilter filter;
    filter.from_ns = from;
    filter.to_ns = to;
    filter.payloads = false;
    filter.scheduling = false;
    reader.read(visitor, filter);
    return visitor.result(db, timeline, process);
  };
}

}  // namespace tarry
