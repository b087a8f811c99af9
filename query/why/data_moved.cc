#include "query/why/data_moved.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "analyzer/sqlite.h"
#include "format/syscall_table.h"
#include "format/trace_reader.h"
#include "query/render/units.h"
#include "query/why/call_cpu.h"

namespace tarry {
namespace {

constexpr size_t kNamed = 5;

// Calls whose result is the number of bytes they moved, from or to their first argument …
constexpr std::array<std::string_view, 7> kReads = {"read",    "pread64",  "readv",  "preadv",
                                                    "preadv2", "recvfrom", "recvmsg"};
constexpr std::array<std::string_view, 8> kWrites = {"write",    "pwrite64", "writev",  "pwritev",
                                                     "pwritev2", "sendto",   "sendmsg", "vmsplice"};
// … and from one argument to another.
struct Copy {
  std::string_view call;
  ObjectRole from, to;
};
constexpr std::array<Copy, 4> kCopies = {{{"copy_file_range", ObjectRole::arg0, ObjectRole::arg2},
                                          {"splice", ObjectRole::arg0, ObjectRole::arg2},
                                          {"sendfile", ObjectRole::arg1, ObjectRole::arg0},
                                          {"sendfile64", ObjectRole::arg1, ObjectRole::arg0}}};

std::string sqlList(std::span<const std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) list += fmt::format("{}'{}'", list.empty() ? "" : ", ", name);
  return list;
}

// "(s.name = 'splice' AND o.role = 'arg0') OR …"
std::string copyEnds(ObjectRole Copy::*end) {
  std::string list;
  for (const Copy& copy : kCopies)
    list += fmt::format("{}(s.name = '{}' AND o.role = 'arg{}')", list.empty() ? "" : " OR ", copy.call,
                        static_cast<int>(copy.*end) - static_cast<int>(ObjectRole::arg0));
  return list;
}

std::vector<MovedBytes> movedRows(Database& db, std::string_view where,
                                  std::span<const std::string_view> names, ObjectRole Copy::*end,
                                  int64_t& total) {
  auto q = db.prepare(
      fmt::format("SELECT coalesce(r.name, '?'), sum(m.bytes) AS b, sum(m.calls) FROM ("
                  "  SELECT s.resource_id AS resource_id, s.bytes AS bytes, 1 AS calls FROM syscall s"
                  "  WHERE {0} AND s.name IN ({1}) AND s.bytes > 0"
                  "  UNION ALL SELECT o.resource_id, s.bytes, 1 FROM syscall s JOIN syscall_object o ON "
                  "o.syscall_id = s.id"
                  "  WHERE {0} AND s.bytes > 0 AND ({2})"
                  "  UNION ALL SELECT s.resource_id, s.bytes, s.count FROM fold s WHERE {0} AND s.name IN "
                  "({1}) AND s.bytes > 0"
                  ") m LEFT JOIN resource r ON r.id = m.resource_id GROUP BY 1 ORDER BY b DESC, 1",
                  where, sqlList(names), copyEnds(end)));
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
  result.read = movedRows(db, where, kReads, &Copy::from, result.read_bytes);
  result.written = movedRows(db, where, kWrites, &Copy::to, result.written_bytes);
  auto q = db.prepare(fmt::format(
      "SELECT name, sum(n), sum(ns) AS t, sum(folded_ns) FROM ("
      "  SELECT s.name AS name, count(*) AS n, sum(coalesce(s.dur, 0) - s.blocked_ns) AS ns, 0 AS folded_ns"
      "  FROM syscall s WHERE {0} GROUP BY s.name"
      "  UNION ALL SELECT s.name, sum(s.count), sum(s.total_ns), sum(s.total_ns) FROM fold s"
      "  WHERE {0} AND s.kind = 'calls' GROUP BY s.name"
      ") GROUP BY name ORDER BY t DESC, name",
      where));
  int64_t folded_ns = 0;
  while (q.step()) {
    result.calls += q.integer(1);
    folded_ns += q.integer(3);
    if (result.busiest.size() < kNamed)
      result.busiest.push_back({printable(q.text(0)), q.integer(1), q.integer(2)});
  }
  if (result.calls == 0) return result;
  // Rows of syscall are numbered in the order of time.
  CallCpu cpu(timeline, begin, end);
  auto calls =
      db.prepare(fmt::format("SELECT s.utid, s.ts, s.dur FROM syscall s WHERE {} ORDER BY s.id", where));
  while (calls.step())
    cpu.add(timeline.threadByUtid(calls.integer(0)).value_or(kNone), calls.integer(1),
            calls.isNull(2) ? std::nullopt : std::optional(calls.integer(2)));
  // Those that are a count alone have not waited.
  result.calls_cpu_ns = cpu.finish() + folded_ns;
  return result;
}

int64_t addClamped(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? INT64_MAX : INT64_MIN;
  return sum;
}

int64_t subClamped(int64_t a, int64_t b) {
  int64_t difference = 0;
  if (__builtin_sub_overflow(a, b, &difference)) return b > 0 ? INT64_MIN : INT64_MAX;
  return difference;
}

// Sums the calls of a trace as they pass.
class MovedVisitor : public TraceVisitor {
 public:
  // pid 0: all processes. [begin, end) is trace time, `start_ns` the BOOTTIME of its zero.
  MovedVisitor(const Timeline& timeline, int64_t pid, int64_t begin, int64_t end, int64_t start_ns)
      : timeline_(timeline),
        pid_(pid),
        start_ns_(start_ns),
        begin_(addClamped(begin, start_ns)),
        end_(addClamped(end, start_ns)),
        cpu_(timeline, begin, end) {
    for (size_t i = 0; i < timeline.threads().size(); ++i)
      by_tid_.emplace(timeline.threads()[i].tid, static_cast<int32_t>(i));
  }

  struct Moved {
    int64_t bytes = 0;
    int64_t calls = 0;
  };
  struct Call {
    std::string_view name;
    std::optional<ObjectRole> from, to;  // the object it reads from, or writes to
    int64_t count = 0;
    int64_t total_ns = 0;
  };

  void onThread(const ThreadDef& thread) override {
    if (pid_ != 0) pids_[thread.id.value] = thread.pid;
    tids_[thread.id.value] = thread.tid;
  }

  void onFold(const FoldEvent& event) override {
    if (event.kind != FoldKind::calls || !isWanted(event.thread, event.ts_ns)) return;
    Call& call = callOf(event.abi, event.nr);
    const auto count = static_cast<int64_t>(event.count);
    call.count += count;
    call.total_ns = addClamped(call.total_ns, event.total_ns);
    folded_ns_ = addClamped(folded_ns_, event.total_ns);
    if (event.error != 0 || event.result_sum <= 0) return;
    for (auto* sums : {&read_, &written_}) {
      if (!(sums == &read_ ? call.from : call.to)) continue;
      Moved& moved = (*sums)[event.resource.value];
      moved.bytes = addClamped(moved.bytes, event.result_sum);
      moved.calls += count;
    }
  }

  void onSyscall(const SyscallEvent& event) override {
    if (!isWanted(event.thread, event.enter_ns)) return;
    Call& call = callOf(event.abi, event.nr);
    ++call.count;
    const int64_t enter = subClamped(event.enter_ns, start_ns_);
    cpu_.add(threadOf(event.thread, enter), enter,
             event.flags.unfinished ? std::nullopt : std::optional(event.dur_ns));
    if (event.flags.unfinished) return;
    // As far as waitingByCall() looks.
    call.total_ns += std::min(event.dur_ns, subClamped(end_, event.enter_ns));
    if (event.ret <= 0) return;
    if (call.from) add(read_, *call.from, event);
    if (call.to) add(written_, *call.to, event);
  }

  DataMoved result(Database& db, const Timeline& timeline, int32_t process) {
    DataMoved result;
    // Those that are a count alone have not waited.
    if (!calls_.empty()) result.calls_cpu_ns = addClamped(cpu_.finish(), folded_ns_);
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
    std::stable_sort(result.busiest.begin(), result.busiest.end(), [](const CallTime& a, const CallTime& b) {
      return a.total_ns != b.total_ns ? a.total_ns > b.total_ns : a.name < b.name;
    });
    if (result.busiest.size() > kNamed) result.busiest.resize(kNamed);
    return result;
  }

 private:
  bool isWanted(ThreadId thread, int64_t ts_ns) const {
    if (ts_ns < begin_ || ts_ns >= end_) return false;
    if (pid_ == 0) return true;
    const auto found = pids_.find(thread.value);
    return found != pids_.end() && found->second == pid_;
  }

  static void add(std::unordered_map<uint32_t, Moved>& sums, ObjectRole role, const SyscallEvent& event) {
    uint32_t resource = 0;
    for (const ObjectRef& object : event.objects)
      if (object.role == role) resource = object.resource.value;
    Moved& moved = sums[resource];
    moved.bytes += event.ret;
    ++moved.calls;
  }

  // A tid is reused; the thread meant is there at that time.
  int32_t threadOf(ThreadId id, int64_t ts) {
    const auto known = threads_.find(id.value);
    if (known != threads_.end()) return known->second;
    constexpr int kReuses = 64;  // a trace may claim any number
    int32_t found = kNone;
    if (const auto tid = tids_.find(id.value); tid != tids_.end()) {
      const auto [first, last] = by_tid_.equal_range(tid->second);
      int looked_at = 0;
      for (auto one = first; one != last && looked_at < kReuses; ++one, ++looked_at) {
        const auto rows = timeline_.statesOf(one->second);
        if (!rows.empty() && rows.front().begin <= ts && ts < rows.back().end) found = one->second;
      }
    }
    threads_.emplace(id.value, found);
    return found;
  }

  Call& callOf(Abi abi, int32_t nr) {
    const std::pair<Abi, int32_t> key(abi, nr);
    if (last_ != nullptr && key == last_key_) return *last_;
    const auto [entry, added] = calls_.try_emplace(key);
    Call& call = entry->second;
    if (added) {
      const SyscallSpec* spec = findSyscall(abi, nr);
      call.name = spec == nullptr ? std::string_view("an unknown call") : spec->name;
      if (std::find(kReads.begin(), kReads.end(), call.name) != kReads.end()) call.from = ObjectRole::arg0;
      if (std::find(kWrites.begin(), kWrites.end(), call.name) != kWrites.end()) call.to = ObjectRole::arg0;
      for (const Copy& copy : kCopies) {
        if (copy.call != call.name) continue;
        call.from = copy.from;
        call.to = copy.to;
      }
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
    for (size_t i = 0; i < timeline.threads().size(); ++i) {
      if (process != kNone && timeline.threads()[i].process != process) continue;
      for (const StateRow row : timeline.statesOf(static_cast<int32_t>(i)))
        if (row.call != kNone) waiting[timeline.name(row.call)] += row.length();
    }
    return waiting;
  }

  const Timeline& timeline_;
  int64_t pid_, start_ns_;
  int64_t begin_, end_;  // BOOTTIME
  CallCpu cpu_;
  std::unordered_multimap<int64_t, int32_t> by_tid_;
  std::unordered_map<uint32_t, int64_t> pids_, tids_;  // of threads
  std::unordered_map<uint32_t, int32_t> threads_;
  std::map<std::pair<Abi, int32_t>, Call> calls_;
  std::pair<Abi, int32_t> last_key_{};
  Call* last_ = nullptr;
  int64_t folded_ns_ = 0;
  std::unordered_map<uint32_t, Moved> read_, written_;
};

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
    MovedVisitor visitor(timeline, pid, begin, end, start);
    ReadFilter filter;
    filter.from_ns = addClamped(begin, start);
    filter.to_ns = addClamped(end, start);
    filter.payloads = false;
    filter.scheduling = false;
    reader.read(visitor, filter);
    return visitor.result(db, timeline, process);
  };
}

}  // namespace tarry
