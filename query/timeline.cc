#include "query/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "analyzer/sqlite.h"
#include "analyzer/state_store.h"
#include "format/errors.h"
#include "query/net/host_names.h"
#include "query/state_reader.h"

namespace tarry {
namespace {

std::optional<int64_t> optionalInteger(const Statement& row, int column) {
  if (row.isNull(column)) return std::nullopt;
  return row.integer(column);
}

int32_t lookUp(const std::unordered_map<int64_t, int32_t>& ids, const Statement& row, int column) {
  if (row.isNull(column)) return kNone;
  const auto found = ids.find(row.integer(column));
  return found == ids.end() ? kNone : found->second;
}

}  // namespace

Timeline Timeline::load(Database& db, const TimelineOptions& options) {
  return load(db, nullptr, options);
}

Timeline Timeline::load(Database& db, StateStore* states, const TimelineOptions& options) {
  Timeline timeline;
  try {
    timeline.loadFacts(db);
    timeline.loadProcesses(db);
    timeline.loadThreads(db);
    timeline.loadKillers(db);
    timeline.loadResources(db);
    StateStore of_table;
    if (states == nullptr) readStates(db, of_table);
    timeline.takeStates(states != nullptr ? *states : of_table, options);
  } catch (const UsageError& error) {
    // SQL of ours that does not compile here: another kind of database.
    throw TraceError(fmt::format("this database was not written by tarry load: {}", error.what()));
  }
  timeline.findRoot();
  for (size_t i = 0; i < timeline.processes_.size(); ++i)
    if (static_cast<int32_t>(i) != timeline.root_) timeline.processes_[i].launched.clear();
  // What was asked for, not what the kernel made of a script's first line ("env bash ./script").
  if (const std::string_view target = timeline.meta("target");
      timeline.root_ != kNone && timeline.meta("target_kind") == "command" && !target.empty()) {
    ProcessInfoRow& root = timeline.processes_[static_cast<size_t>(timeline.root_)];
    root.launched = target == root.cmdline ? std::string_view() : target;
  }
  return timeline;
}

void Timeline::loadFacts(Database& db) {
  for (auto q = db.prepare("SELECT key, value FROM meta"); q.step();) meta_.emplace(q.text(0), q.text(1));
  for (auto q = db.prepare("SELECT name, value FROM stats"); q.step();)
    stats_.emplace(q.text(0), q.integer(1));
  for (auto q = db.prepare("SELECT source, sum(count) FROM loss GROUP BY source ORDER BY 2 DESC"); q.step();)
    losses_.emplace_back(q.text(0), q.integer(1));
}

void Timeline::loadProcesses(Database& db) {
  auto q = db.prepare(
      "SELECT upid, pid, comm, exe, cmdline, start_ts, end_ts, exit_code, exit_signal, user_ns, system_ns,"
      " max_rss, ppid, recorded, existed, cwd FROM process ORDER BY upid");
  while (q.step()) {
    ProcessInfoRow p;
    p.upid = q.integer(0);
    p.pid = q.integer(1);
    p.comm = q.text(2);
    p.exe = q.text(3);
    p.cmdline = q.text(4);
    p.start_ts = optionalInteger(q, 5);
    p.end_ts = optionalInteger(q, 6);
    p.exit_code = optionalInteger(q, 7);
    p.exit_signal = optionalInteger(q, 8);
    p.user_ns = optionalInteger(q, 9);
    p.system_ns = optionalInteger(q, 10);
    p.max_rss = optionalInteger(q, 11);
    p.ppid = optionalInteger(q, 12);
    p.recorded = q.integer(13) != 0;
    p.existed = q.integer(14) != 0;
    p.cwd = q.text(15);
    process_ids_.emplace(p.upid, static_cast<int32_t>(processes_.size()));
    processes_.push_back(std::move(p));
  }
  for (auto parents = db.prepare("SELECT upid, parent_upid FROM process ORDER BY upid"); parents.step();) {
    const int32_t child = lookUp(process_ids_, parents, 0);
    const int32_t parent = lookUp(process_ids_, parents, 1);
    if (child == kNone || parent == kNone || child == parent) continue;
    processes_[static_cast<size_t>(child)].parent = parent;
    processes_[static_cast<size_t>(parent)].children.push_back(child);
  }
  for (auto exec = db.prepare("SELECT upid, min(ts), cmdline FROM exec GROUP BY upid"); exec.step();) {
    const int32_t index = lookUp(process_ids_, exec, 0);
    if (index == kNone) continue;
    ProcessInfoRow& process = processes_[static_cast<size_t>(index)];
    process.first_exec_ts = exec.integer(1);
    if (exec.text(2) != process.cmdline) process.launched = exec.text(2);
  }
}

void Timeline::loadKillers(Database& db) {
  // Databases of older versions have no such table.
  if (!db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'signal'").step()) return;
  auto q = db.prepare(
      "SELECT t.upid, st.upid, s.signo FROM signal s JOIN thread t ON t.utid = s.utid"
      " JOIN thread st ON st.utid = s.sender_utid WHERE s.action IN ('terminate', 'core') ORDER BY s.id");
  while (q.step()) {
    const int32_t index = lookUp(process_ids_, q, 0);
    if (index == kNone) continue;
    ProcessInfoRow& process = processes_[static_cast<size_t>(index)];
    if (process.exit_signal == q.integer(2)) process.killer = lookUp(process_ids_, q, 1);
  }
}

void Timeline::loadThreads(Database& db) {
  auto q = db.prepare("SELECT utid, tid, upid, name, is_main FROM thread ORDER BY utid");
  while (q.step()) {
    ThreadInfo t;
    t.utid = q.integer(0);
    t.tid = q.integer(1);
    t.process = lookUp(process_ids_, q, 2);
    t.name = q.text(3);
    t.is_main = q.integer(4) != 0;
    const auto index = static_cast<int32_t>(threads_.size());
    thread_ids_.emplace(t.utid, index);
    if (t.process != kNone) processes_[static_cast<size_t>(t.process)].threads.push_back(index);
    threads_.push_back(std::move(t));
  }
  auto creators = db.prepare("SELECT utid, creator_utid FROM thread WHERE creator_utid IS NOT NULL");
  while (creators.step()) {
    const int32_t thread = lookUp(thread_ids_, creators, 0);
    if (thread != kNone) threads_[static_cast<size_t>(thread)].creator = lookUp(thread_ids_, creators, 1);
  }
}

void Timeline::loadResources(Database& db) {
  const HostNames names(db);
  auto q = db.prepare(
      "SELECT id, kind, path, name, protocol, remote_addr, remote_port, listening, peer_upid,"
      " coalesce(cookie, 0) FROM resource");
  while (q.step()) {
    ResourceInfo r;
    r.id = q.integer(0);
    r.kind = q.text(1);
    r.path = q.text(2);
    r.name = q.text(3);
    r.protocol = q.text(4);
    r.remote_addr = q.text(5);
    r.remote_host = names.nameOf(r.remote_addr);
    r.remote_port = optionalInteger(q, 6);
    r.listening = !q.isNull(7) && q.integer(7) != 0;
    r.peer = lookUp(process_ids_, q, 8);
    r.cookie = q.integer(9);
    resource_ids_.emplace(r.id, static_cast<int32_t>(resources_.size()));
    resources_.push_back(std::move(r));
  }
}

void Timeline::takeStates(StateStore& store, const TimelineOptions& options) {
  const auto find = [](const std::unordered_map<int64_t, int32_t>& ids, uint32_t id) {
    const auto found = id == 0 ? ids.end() : ids.find(id);
    return found == ids.end() ? kNone : found->second;
  };
  std::vector<StateInfo> infos;
  infos.reserve(store.facts().size());
  for (const StateFacts& facts : store.facts()) {
    infos.push_back(
        {.since = facts.since,
         .thread = find(thread_ids_, facts.utid),
         .resource = find(resource_ids_, facts.resource),
         .waker = find(thread_ids_, facts.waker),
         .waker_resource = find(resource_ids_, facts.waker_resource),
         .peer = find(thread_ids_, facts.peer),
         .call = facts.call,
         .waker_call = facts.waker_call,
         .waker_context = facts.waker_context,
         .kernel_stack = facts.kernel_stack == 0 ? kNone : static_cast<int32_t>(facts.kernel_stack),
         .state = facts.state,
         .kind = facts.kind,
         .role = facts.role,
         .phase = facts.phase,
         .open = facts.open,
         .began_before = facts.began_before});
  }
  names_ = std::move(store.names());
  // An open interval lasts to the end of the recording.
  int64_t last_ns = store.lastNs();
  const std::string end_text(meta("duration_ns"));
  if (!end_text.empty()) last_ns = std::max<int64_t>(last_ns, std::strtoll(end_text.c_str(), nullptr, 10));
  states_ = States(store, std::move(infos), threads_.size(), last_ns, options);
}

std::optional<int32_t> Timeline::processByUpid(int64_t upid) const {
  const auto found = process_ids_.find(upid);
  if (found == process_ids_.end()) return std::nullopt;
  return found->second;
}

std::optional<int32_t> Timeline::threadByUtid(int64_t utid) const {
  const auto found = thread_ids_.find(utid);
  if (found == thread_ids_.end()) return std::nullopt;
  return found->second;
}

std::optional<int32_t> Timeline::resourceById(int64_t id) const {
  const auto found = resource_ids_.find(id);
  if (found == resource_ids_.end()) return std::nullopt;
  return found->second;
}

std::optional<int32_t> Timeline::stateAt(int32_t thread, int64_t begin_ns) const {
  const std::span<const int64_t> times = states_.times(thread);
  if (times.empty()) return std::nullopt;
  const auto found = std::lower_bound(times.begin(), times.end() - 1, begin_ns);
  if (found == times.end() - 1 || *found != begin_ns) return std::nullopt;
  return firstState(thread) + static_cast<int32_t>(found - times.begin());
}

std::string_view Timeline::meta(std::string_view key) const {
  const auto found = meta_.find(std::string(key));
  return found == meta_.end() ? std::string_view() : std::string_view(found->second);
}

int64_t Timeline::stat(std::string_view name) const {
  const auto found = stats_.find(std::string(name));
  return found == stats_.end() ? 0 : found->second;
}

void Timeline::findRoot() {
  if (const std::string_view target = meta("target_kind"); !target.empty() && target != "command") return;
  if (const std::string upid(meta("root_upid")); !upid.empty()) {
    root_ = processByUpid(std::strtoll(upid.c_str(), nullptr, 10)).value_or(kNone);
    return;
  }
  // The command is the first process that was recorded from its birth on, below no other such one.
  const auto is_new = [](const ProcessInfoRow& p) { return p.recorded && !p.existed; };
  for (size_t i = 0; i < processes_.size(); ++i) {
    const ProcessInfoRow& p = processes_[i];
    if (!p.recorded || p.threads.empty()) continue;
    if (p.parent != kNone && is_new(process(p.parent))) continue;
    if (root_ == kNone) {
      root_ = static_cast<int32_t>(i);
      continue;
    }
    const ProcessInfoRow& best = process(root_);
    if (is_new(p) != is_new(best) ? is_new(p)
                                  : p.start_ts.value_or(INT64_MIN) < best.start_ts.value_or(INT64_MIN))
      root_ = static_cast<int32_t>(i);
  }
}

}  // namespace tarry
