#include "recorder/ptrace/lives.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace tarry::ptracing {

namespace {

constexpr size_t kExecArgsMax = 16 * 1024;  // as the BPF side takes
constexpr size_t kExecArgsSeen = 4U << 20;

void setComm(char (&comm)[16], const std::string& text) {
  std::memset(comm, 0, sizeof comm);
  std::memcpy(comm, text.data(), std::min(text.size(), sizeof comm - 1));
}

// kcmp(2): whether two processes have one table of fds (CLONE_FILES).
bool shareFds(pid_t one, pid_t other) {
  return ::syscall(SYS_kcmp, one, other, KCMP_FILES, 0, 0) == 0;
}

}  // namespace

Tracee* Lives::find(pid_t tid) {
  const auto it = tracees_.find(tid);
  return it == tracees_.end() ? nullptr : &it->second;
}

std::shared_ptr<TracedProcess> Lives::makeProcess(pid_t pid) {
  auto process = std::make_shared<TracedProcess>();
  process->pid = pid;
  process->fds = UniqueFd(::open(procPath(pid, "fd").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  process->pidfd = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  sink_.control().alive.fetch_add(1);
  return process;
}

Tracee& Lives::add(pid_t tid, std::shared_ptr<TracedProcess> process) {
  Tracee& tracee = tracees_[tid];
  tracee = Tracee{};
  tracee.tid = tid;
  tracee.id = ++last_id_;
  if (tid == process->pid) process->leader = tracee.id;
  if (++process->threads > 1) process->had_several = true;
  tracee.process = std::move(process);
  return tracee;
}

uint64_t Lives::cgroup(pid_t pid) {
  const std::string path = readCgroup(pid);
  if (path.empty()) return 0;
  auto& [number, epoch] = cgroups_[path];
  if (number != 0 && epoch == sink_.epoch()) return number;
  if (number == 0) number = cgroups_.size();
  epoch = sink_.epoch();
  const std::string names = reversedNames(path);
  rec_cgroup record{};
  record.type = RT_CGROUP;
  record.text_len = static_cast<uint32_t>(names.size());
  record.id = number;
  sink_.definition(record, names);
  return number;
}

void Lives::define(Tracee& tracee, uint32_t creator, uint8_t flags, uint64_t start_ns, int64_t now_ns) {
  const TracedProcess& process = *tracee.process;
  const bool leads = tracee.tid == process.pid;
  rec_thread record{};
  record.type = RT_THREAD;
  record.flags = flags;
  record.id = tracee.id;
  record.leader = process.leader;
  record.creator = creator;
  record.tid = record.own_tid = tracee.tid;
  record.pid = record.own_pid = process.pid;
  record.ns_tid = record.tid;
  record.ns_pid = record.pid;
  if (const std::optional<TaskStatus> status = leads ? readStatus(tracee.tid) : std::nullopt) {
    record.ppid = status->ppid;
    record.uid = status->uid;
    record.gid = status->gid;
    if (status->ns_tid != 0) record.ns_tid = record.ns_pid = status->ns_tid;
  }
  if (leads) {
    record.flags = static_cast<uint8_t>(record.flags | THREAD_HAS_INFO);
    record.exe = resources_.ofLink(tracee.tid, "exe");
    record.cwd = resources_.ofLink(tracee.tid, "cwd");
    record.cgroup = cgroup(process.pid);
  }
  record.start_ns = start_ns;
  record.ts_ns = static_cast<uint64_t>(now_ns);
  tracee.comm = readComm(tracee.tid);
  setComm(record.comm, tracee.comm);
  sink_.definition(record);
}

Tracee* Lives::existing(pid_t tid, int64_t now_ns) {
  const std::optional<TaskStatus> status = readStatus(tid);
  const std::optional<TaskStat> stat = readStat(tid, true);
  if (!status || !stat) return nullptr;
  Tracee* leader = find(status->tgid);
  if (leader == nullptr && status->tgid != tid) return nullptr;
  Tracee& tracee = add(tid, leader != nullptr ? leader->process : makeProcess(tid));
  tracee.run.majors = stat->major_faults;
  define(tracee, 0, THREAD_RECORDED | THREAD_EXISTED, static_cast<uint64_t>(ticksToNs(stat->start_ticks)),
         now_ns);
  return &tracee;
}

Tracee* Lives::endedBefore(pid_t pid, int64_t now_ns) {
  Tracee* tracee = existing(pid, now_ns);
  if (tracee == nullptr) return nullptr;
  tracee->ended_before = true;
  tracee->process->leader_exiting = true;
  tracee->process->fds.reset();
  return tracee;
}

Tracee* Lives::created(pid_t tid, const Tracee& creator, int64_t now_ns) {
  const std::optional<TaskStatus> status = readStatus(tid);
  if (!status) return nullptr;
  const uint32_t creator_id = creator.id;
  const std::shared_ptr<TracedProcess> parent = creator.process;
  std::shared_ptr<TracedProcess> process = parent;
  if (status->tgid == tid) {
    process = makeProcess(tid);
    process->anonymous = shareFds(parent->pid, tid) ? parent->anonymous
                                                    : std::make_shared<AnonymousObjects>(*parent->anonymous);
  }
  Tracee& tracee = add(tid, std::move(process));
  define(tracee, creator_id, THREAD_RECORDED, static_cast<uint64_t>(now_ns), now_ns);
  rec_fork record{};
  record.type = RT_FORK;
  record.thread = creator_id;
  record.child = tracee.id;
  record.ts_ns = static_cast<uint64_t>(now_ns);
  sink_.definition(record);
  return &tracee;
}

// The main thread, whose place another one takes, is not waited for any more, and who was held back was not
// the last.
void Lives::flushExits(const Tracee& leader, int64_t now_ns) {
  TracedProcess& process = *leader.process;
  if (process.last_exit) putExit(process, *std::exchange(process.last_exit, std::nullopt));
  process.ended_run_ns += leader.run.reading.run_ns;
  rec_exit record{};
  record.type = RT_EXIT;
  record.thread = leader.id;
  record.status = leader.exit_status;
  record.ts_ns = leader.exiting ? leader.exit_ns : static_cast<uint64_t>(now_ns);
  record.runtime_ns = leader.run.reading.run_ns;
  sink_.definition(record);
}

// execve(2), "Effect on process attributes": all other threads are gone, and the one that called goes on
// under the number of the first.
Tracee& Lives::executed(Tracee& caller, int64_t now_ns) {
  Tracee* tracee = &caller;
  uint32_t old = 0;
  if (const pid_t tid = caller.process->pid; tid != caller.tid) {
    uint32_t leader_calls = caller.process->leader_calls;
    if (const Tracee* leader = find(tid)) {
      flushExits(*leader, now_ns);
      leader_calls = std::max(leader_calls, leader->call_seq);
      --caller.process->threads;
    }
    const auto it = tracees_.find(caller.tid);
    Tracee moved = std::move(it->second);
    tracees_.erase(it);
    old = std::exchange(moved.id, moved.process->leader);
    moved.tid = tid;
    moved.call_seq = leader_calls + 1;
    moved.call.seq = moved.call_seq;
    tracee = &(tracees_[tid] = std::move(moved));
  }
  TracedProcess& process = *tracee->process;
  process.leader_exiting = process.had_several = false;
  process.fds = UniqueFd(::open(procPath(process.pid, "fd").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (process.anonymous.use_count() > 1)
    process.anonymous = std::make_shared<AnonymousObjects>(*process.anonymous);

  const pid_t pid = process.pid;
  const std::string args = readProc(pid, "cmdline", kExecArgsSeen);
  const std::string_view kept = std::string_view(args).substr(0, kExecArgsMax);
  rec_exec record{};
  record.type = RT_EXEC;
  record.thread = tracee->id;
  record.old = old;
  record.exe = resources_.ofLink(pid, "exe");
  record.cwd = resources_.ofLink(pid, "cwd");
  if (const std::optional<TaskStatus> status = readStatus(pid)) {
    record.uid = status->uid;
    record.gid = status->gid;
  }
  record.args_len = static_cast<uint32_t>(kept.size());
  record.args_total = args.size();
  record.cgroup = cgroup(pid);
  record.ts_ns = static_cast<uint64_t>(now_ns);
  tracee->comm = readComm(pid);
  setComm(record.comm, tracee->comm);
  sink_.definition(record, kept);
  return *tracee;
}

void Lives::renamed(Tracee& tracee, int64_t now_ns) {
  std::string comm = readComm(tracee.tid);
  if (comm == tracee.comm) return;
  tracee.comm = std::move(comm);
  rec_comm record{};
  record.type = RT_COMM;
  record.thread = tracee.id;
  record.ts_ns = static_cast<uint64_t>(now_ns);
  setComm(record.comm, tracee.comm);
  sink_.definition(record);
}

void Lives::exiting(Tracee& tracee, int status, int64_t now_ns) {
  TracedProcess& process = *tracee.process;
  tracee.exiting = true;
  tracee.exit_ns = static_cast<uint64_t>(now_ns);
  tracee.exit_status = status;
  process.last_exit_ns = tracee.exit_ns;
  if (tracee.tid == process.pid) {
    process.leader_exiting = true;
    process.leader_calls = tracee.call_seq;
    process.fds.reset();
  }
  // Of the whole process, as long as its memory is there; the last thread's look is the one that counts.
  if (const std::optional<TaskStatus> seen = readStatus(tracee.tid)) {
    process.max_rss_bytes = std::max(process.max_rss_bytes, seen->max_rss_bytes);
    const bool last = process.threads == 1 || tracee.tid == process.pid;
    if (const Tracee* parent = last ? find(seen->ppid) : nullptr) {
      TracedProcess& family = *parent->process;
      family.ended_children[family.next_ended_child++ % family.ended_children.size()] = {
          process.pid, process.leader, status, tracee.exit_ns};
    }
  }
  if (const std::optional<TaskStat> stat = readStat(tracee.tid, false)) {
    process.user_ticks = stat->user_ticks;
    process.system_ticks = stat->system_ticks;
  }
}

void Lives::beforeEnd(Tracee& tracee) {
  tracee.run.at_end = tracee.run.clock.read();
}

void Lives::putExit(const TracedProcess& process, rec_exit record) {
  if (record.group_dead != 0) {
    record.user_ns = static_cast<uint64_t>(ticksToNs(process.user_ticks));
    record.system_ns = static_cast<uint64_t>(ticksToNs(process.system_ticks));
    record.runtime_ns = process.ended_run_ns;
    record.max_rss_pages = process.max_rss_bytes / static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  sink_.definition(record);
  rec_released released{};
  released.type = RT_RELEASED;
  released.thread = record.thread;
  sink_.definition(released);
}

// The first thread is always the last to be waited for, but need not be the last to have ended.
void Lives::ended(pid_t tid, int status, int64_t now_ns) {
  const auto it = tracees_.find(tid);
  if (it == tracees_.end()) return;
  Tracee& tracee = it->second;
  const std::shared_ptr<TracedProcess> process = tracee.process;
  process->ended_run_ns += tracee.run.reading.run_ns;
  --process->threads;
  rec_exit record{};
  record.type = RT_EXIT;
  record.thread = tracee.id;
  record.status = status;
  record.ts_ns = tracee.exiting ? tracee.exit_ns : static_cast<uint64_t>(now_ns);
  record.runtime_ns = tracee.run.reading.run_ns;
  const bool leads = tid == process->pid;
  if (leads) {
    if (process->last_exit && process->last_exit->ts_ns > record.ts_ns) {
      record.status = tracee.exit_status;
      putExit(*process, record);
      record = *process->last_exit;
      process->last_exit.reset();
    }
    if (process->last_exit) putExit(*process, *std::exchange(process->last_exit, std::nullopt));
    record.group_dead = 1;
    record.status = status;
    putExit(*process, record);
    sink_.control().alive.fetch_sub(1);
  } else if (process->leader_exiting) {
    // They are not waited for in the order in which they ended.
    std::optional<rec_exit> earlier = record;
    if (!process->last_exit || process->last_exit->ts_ns < record.ts_ns) process->last_exit.swap(earlier);
    if (earlier) putExit(*process, *earlier);
  } else {
    putExit(*process, record);
  }
  tracees_.erase(it);
  if (const Tracee* leader = find(process->pid); !leads && process->threads == 1 && leader != nullptr) {
    if (leader->ended_before) ended(process->pid, status, now_ns);
  }
}

}  // namespace tarry::ptracing
