// Timeline: processes, threads, resources and thread states of a database, in memory, for the
// reports that walk through time. Loaded once by plain SQL, but for states that a load kept in memory;
// everything is an index into vectors. Immutable after load(); may be read by several threads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "query/states.h"

namespace tarry {

class Database;
class Statement;

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
  std::string remote_host;  // its name, where a lookup in the trace gave it
  std::optional<int64_t> remote_port;
  int64_t cookie = 0;  // of a socket: the same over its rows; 0: none
  bool listening = false;
  int32_t peer = kNone;  // process at the other end
};

class Timeline {
 public:
  // Throws TraceError if the database has not the tables of docs/schema.md.
  static Timeline load(Database& db, const TimelineOptions& options = {});
  // The same with the states that a load has put into `states` (LoadOptions::states), and which go into the
  // Timeline. nullptr: they are in the table.
  static Timeline load(Database& db, StateStore* states, const TimelineOptions& options = {});

  std::span<const ProcessInfoRow> processes() const { return processes_; }
  std::span<const ThreadInfo> threads() const { return threads_; }
  std::span<const ResourceInfo> resources() const { return resources_; }
  const ProcessInfoRow& process(int32_t i) const { return processes_[static_cast<size_t>(i)]; }
  const ThreadInfo& thread(int32_t i) const { return threads_[static_cast<size_t>(i)]; }
  const ResourceInfo& resource(int32_t i) const { return resources_[static_cast<size_t>(i)]; }
  std::string_view name(int32_t i) const {
    return i < 0 ? std::string_view() : names_[static_cast<size_t>(i)];
  }

  const States& states() const { return states_; }
  States::Range statesOf(int32_t thread) const { return states_.of(thread); }
  StateRow state(int32_t row) const { return states_.row(row); }
  // Row of the first state of a thread.
  int32_t firstState(int32_t thread) const { return states_.first(thread); }
  // Row of the state of a thread that begins then.
  std::optional<int32_t> stateAt(int32_t thread, int64_t begin_ns) const;

  // Process of the thread that ended the wait, kNone where no thread did or it is not known.
  int32_t wakerProcess(const StateInfo& state) const {
    return state.waker == kNone ? kNone : thread(state.waker).process;
  }

  std::optional<int32_t> processByUpid(int64_t upid) const;
  std::optional<int32_t> threadByUtid(int64_t utid) const;
  std::optional<int32_t> resourceById(int64_t id) const;

  // Facts of the recording (table meta), empty where there is no such key.
  std::string_view meta(std::string_view key) const;
  // Table stats, 0 where there is no such name.
  int64_t stat(std::string_view name) const;
  // Lost events by source (table loss).
  std::span<const std::pair<std::string, int64_t>> losses() const { return losses_; }

  // First and last instant that any state covers.
  int64_t begin() const { return states_.beginNs(); }
  int64_t end() const { return states_.endNs(); }

  // The process that the recorded command began as; kNone where no command was recorded.
  int32_t commandRoot() const { return root_; }

 private:
  void loadNames(Database& db);
  void loadProcesses(Database& db);
  void loadThreads(Database& db);
  void loadKillers(Database& db);
  void loadResources(Database& db);
  void takeStates(StateStore& store, const TimelineOptions& options);
  void loadFacts(Database& db);
  void findRoot();

  std::vector<ProcessInfoRow> processes_;
  std::vector<ThreadInfo> threads_;
  std::vector<ResourceInfo> resources_;
  States states_;
  std::vector<std::string> names_;
  std::unordered_map<int64_t, int32_t> process_ids_, thread_ids_, resource_ids_;
  std::unordered_map<std::string, std::string> meta_;
  std::unordered_map<std::string, int64_t> stats_;
  std::vector<std::pair<std::string, int64_t>> losses_;
  int32_t root_ = kNone;
};

}  // namespace tarry
