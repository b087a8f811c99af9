#include "analyzer/task_tracker.h"

namespace tarry::analysis {

Upid TaskTracker::processFor(ThreadId leader, int32_t pid) {
  Upid upid = upids_.get(leader);
  if (upid == 0) {
    upid = static_cast<Upid>(processes_.size());
    processes_.emplace_back().pid = pid;
    upids_.set(leader, upid);
    by_pid_[pid] = upid;
  }
  return upid;
}

Upid TaskTracker::processOf(const ThreadDef& def) {
  const auto found = by_pid_.find(def.pid);
  const bool there = found != by_pid_.end() && !processes_[found->second].exit_ts;
  if (!def.leader && def.tid != def.pid) {
    // The recorder could not say who leads: the process of that pid, even before its leader is known.
    if (const Utid known = utids_.get(def.id); known != 0) return threads_[known].upid;
    if (there) return found->second;
    const Upid upid = processFor(def.id, def.pid);
    processes_[upid].leaderless = true;
    return upid;
  }
  const ThreadId leader = def.leader ? def.leader : def.id;
  if (there && processes_[found->second].leaderless && upids_.get(leader) == 0) {
    processes_[found->second].leaderless = false;
    upids_.set(leader, found->second);
  }
  return processFor(leader, def.pid);
}

void TaskTracker::define(const ThreadDef& def) {
  if (!def.id) return;
  const Upid upid = processOf(def);
  Utid utid = utids_.get(def.id);
  const bool is_new = utid == 0;
  if (is_new) {
    utid = static_cast<Utid>(threads_.size());
    threads_.emplace_back();
    utids_.set(def.id, utid);
    processes_[upid].threads.push_back(utid);
  }
  TrackedThread& thread = threads_[utid];
  thread.tid = def.tid;
  thread.ns_tid = def.ns_tid;
  thread.upid = upid;
  thread.recorded = thread.recorded || def.recorded;
  if (is_new) {
    thread.existed = def.existed;
    thread.is_main = def.leader ? def.leader == def.id : def.tid == def.pid;
    thread.name = def.comm;
    if (def.start_ns != 0) thread.start_ts = def.start_ns - start_ns_;
    names_.push_back({thread.start_ts.value_or(0), utid, def.comm});
  }
  if (thread.creator == 0 && def.creator != def.id) thread.creator = utids_.get(def.creator);

  TrackedProcess& process = processes_[upid];
  process.recorded = process.recorded || def.recorded;
  if (def.ppid != 0) process.ppid = def.ppid;
  if (thread.is_main && process.main_thread == 0) {
    process.main_thread = utid;
    process.pid = def.pid;
    process.ns_pid = def.ns_pid;
    process.existed = def.existed;
    process.comm = thread.name;
    // kthreadd is pid 2 and the parent of every kernel thread.
    process.kernel_thread = def.pid == 2 || def.ppid == 2;
    by_pid_[def.pid] = upid;
  }
  if (process.parent == 0 && thread.is_main && thread.creator != 0) {
    const Upid parent = threads_[thread.creator].upid;
    if (parent != upid) process.parent = parent;
  }
}

void TaskTracker::rename(Utid utid, StringId name, int64_t ts) {
  TrackedThread& thread = threads_[utid];
  if (!name || thread.name == name) return;
  thread.name = name;
  names_.push_back({ts, utid, name});
  if (thread.is_main) processes_[thread.upid].comm = name;
}

void TaskTracker::life(const LifeEvent& event, int64_t ts) {
  const Utid utid = utids_.get(event.thread);
  if (utid == 0) return;
  TrackedThread& thread = threads_[utid];
  TrackedProcess& process = processes_[thread.upid];
  switch (event.kind) {
    case LifeKind::info:
      process.info = event.info;
      process.has_info = true;
      break;
    case LifeKind::fork: {
      const Utid child_utid = utids_.get(event.other);
      if (child_utid == 0 || child_utid == utid) return;
      TrackedThread& child = threads_[child_utid];
      child.creator = utid;
      if (child.upid == thread.upid) return;
      TrackedProcess& child_process = processes_[child.upid];
      child_process.parent = thread.upid;
      // Until it executes another program the child is its parent's image.
      if (!child_process.has_info) child_process.info = process.info;
      return;
    }
    case LifeKind::exec: {
      // After an exec by another thread the main thread is the one that called it.
      const Utid caller = event.other ? utids_.get(event.other) : utid;
      process.info = event.info;
      process.has_info = true;
      thread.exited = false;
      thread.end_ts.reset();
      rename(utid, event.comm, ts);
      execs_.push_back({ts, thread.upid, caller != 0 ? caller : utid, event.comm, event.info});
      if (caller != 0 && caller != utid) threads_[caller].exited = true;
      return;
    }
    case LifeKind::comm: rename(utid, event.comm, ts); return;
    case LifeKind::exit:
      thread.exited = true;
      if (event.group_dead) {
        process.exit_ts = ts;
        process.exit_status = event.exit_status;
        process.user_ns = event.user_ns;
        process.system_ns = event.system_ns;
        process.max_rss = event.max_rss_bytes;
      }
      return;
    case LifeKind::blocked: return;
  }
}

Upid TaskTracker::findPid(int32_t pid) const {
  const auto found = by_pid_.find(pid);
  return found != by_pid_.end() ? found->second : 0;
}

}  // namespace tarry::analysis
