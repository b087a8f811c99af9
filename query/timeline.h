// Timeline: processes, threads, resources and thread states of a database, in memory, for the
// reports that walk through time. Loaded once by plain SQL; everything is an index into vectors.
//
// For each thread the states cover its life without gap or overlap (thread_state is a partition);
// where a database breaks that rule, rows are clipped or gaps become `unknown`, so that sums hold.
// Immutable after load(); may be read by several threads.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/wait_kind.h"

namespace tarry {

class Database;

enum class RunState : uint8_t { running, runnable, blocked, unknown };

enum class WaitRole : uint8_t { none, answer, idle };

inline constexpr int32_t kNone = -1;

// One row of thread_state. Indexes refer to the Timeline's vectors; kNone where the column is NULL.
struct StateRow {
  int64_t id = 0;
  int64_t begin = 0;
  int64_t end = 0;
  int32_t thread = kNone;
  int32_t resource = kNone;
  int32_t waker = kNone;  // thread
  int32_t waker_resource = kNone;
  int32_t call = kNone;           // name
  int32_t waker_call = kNone;     // name
  int32_t waker_context = kNone;  // name
  int32_t kernel_stack = kNone;   // stack_id
  RunState state = RunState::unknown;
  WaitKind kind = WaitKind::none;
  WaitRole role = WaitRole::none;
  bool open = false;          // still so at the end of the recording
  bool began_before = false;  // and before it
  int64_t since = 0;          // began_before: when, 0 where not known

  int64_t length() const { return end - begin; }
};

struct ThreadInfo {
  int64_t utid = 0;
  int64_t tid = 0;
  int32_t process = kNone;
  int32_t creator = kNone;  // thread
  std::string name;
  bool is_main = false;
};

struct ProcessInfoRow {
  int64_t upid = 0;
  int64_t pid = 0;
  int32_t parent = kNone;  // process
  std::string comm, exe, cmdline, cwd;
  std::string launched;  // the recorded command as it was started, where a later exec replaced it
  std::optional<int64_t> start_ts, end_ts, exit_code, exit_signal, user_ns, system_ns, max_rss, ppid;
  bool recorded = false;
  bool existed = false;
  std::vector<int32_t> threads;
  std::vector<int32_t> children;
  std::optional<int64_t> first_exec_ts;
  int32_t killer = kNone;  // process that sent exit_signal
};

struct ResourceInfo {
  int64_t id = 0;
  std::string kind, path, name, protocol, remote_addr;
  std::optional<int64_t> remote_port;
  int64_t cookie = 0;  // of a socket: the same over its rows; 0: none
  bool listening = false;
  int32_t peer = kNone;  // process at the other end
};

struct TimelineOptions {
  int64_t from_ns = std::numeric_limits<int64_t>::min();
  int64_t to_ns = std::numeric_limits<int64_t>::max();
};

class Timeline {
 public:
  // Throws TraceError if the database has not the tables of docs/schema.md.
  static Timeline load(Database& db, const TimelineOptions& options = {});

  std::span<const ProcessInfoRow> processes() const { return processes_; }
  std::span<const ThreadInfo> threads() const { return threads_; }
  std::span<const ResourceInfo> resources() const { return resources_; }
  const ProcessInfoRow& process(int32_t i) const { return processes_[static_cast<size_t>(i)]; }
  const ThreadInfo& thread(int32_t i) const { return threads_[static_cast<size_t>(i)]; }
  const ResourceInfo& resource(int32_t i) const { return resources_[static_cast<size_t>(i)]; }
  std::string_view name(int32_t i) const {
    return i < 0 ? std::string_view() : names_[static_cast<size_t>(i)];
  }

  // All states, ordered by thread and time; and those of one thread.
  std::span<const StateRow> states() const { return states_; }
  std::span<const StateRow> statesOf(int32_t thread) const;
  const StateRow& state(int32_t row) const { return states_[static_cast<size_t>(row)]; }
  // Index in states() of the first state of a thread.
  int32_t firstState(int32_t thread) const { return first_state_[static_cast<size_t>(thread)]; }

  // Process of the thread that ended the wait, kNone where no thread did or it is not known.
  int32_t wakerProcess(const StateRow& row) const {
    return row.waker == kNone ? kNone : thread(row.waker).process;
  }

  std::optional<int32_t> processByUpid(int64_t upid) const;
  std::optional<int32_t> threadByUtid(int64_t utid) const;
  std::optional<int32_t> resourceById(int64_t id) const;
  std::optional<int32_t> rowById(int64_t id) const;  // linear

  // Facts of the recording (table meta), empty where there is no such key.
  std::string_view meta(std::string_view key) const;
  // Table stats, 0 where there is no such name.
  int64_t stat(std::string_view name) const;
  // Lost events by source (table loss).
  std::span<const std::pair<std::string, int64_t>> losses() const { return losses_; }

  // First and last instant that any state covers.
  int64_t begin() const { return begin_; }
  int64_t end() const { return end_; }

  // The process that the recorded command began as; kNone where no command was recorded.
  int32_t commandRoot() const { return root_; }

 private:
  void loadNames(Database& db);
  void loadProcesses(Database& db);
  void loadThreads(Database& db);
  void loadKillers(Database& db);
  void loadResources(Database& db);
  void loadStates(Database& db, const TimelineOptions& options);
  void loadFacts(Database& db);
  void arrange(std::vector<StateRow> rows);
  void findRoot();
  int32_t intern(std::string_view text);

  std::vector<ProcessInfoRow> processes_;
  std::vector<ThreadInfo> threads_;
  std::vector<ResourceInfo> resources_;
  std::vector<StateRow> states_;
  std::vector<int32_t> first_state_;  // a thread, and one past the last
  std::vector<std::string> names_;
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, int32_t, TextHash, std::equal_to<>> name_ids_;
  std::unordered_map<int64_t, int32_t> process_ids_, thread_ids_, resource_ids_;
  std::unordered_map<std::string, std::string> meta_;
  std::unordered_map<std::string, int64_t> stats_;
  std::vector<std::pair<std::string, int64_t>> losses_;
  int64_t begin_ = 0;
  int64_t end_ = 0;
  int32_t root_ = kNone;
};

}  // namespace tarry
