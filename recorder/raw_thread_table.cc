#include "recorder/raw_thread_table.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

namespace tarry {

namespace {

// An execve that takes the place of its leader may still be reading the program when the leader's own
// task is released: what is released stays known so long.
constexpr int64_t kReleasedStayNs = 5'000'000'000;

std::string_view commText(const char (&comm)[16]) {
  return {comm, ::strnlen(comm, sizeof(comm))};
}

// Arguments of a process that ran before the recording; "" where it is gone or a kernel thread.
std::string readCmdline(int32_t pid) {
  constexpr size_t kMost = 16 * 1024;
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  std::string text(kMost, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

// The last argument's NUL ends the text: arguments are separated by NUL, not terminated.
std::string_view withoutLastNul(std::string_view text) {
  return text.ends_with('\0') ? text.substr(0, text.size() - 1) : text;
}

// What getrusage(2) tells: the exact sum, split as the tick's samples say (kernel/sched/cputime.c,
// cputime_adjust()).
void splitRuntime(const rec_exit& record, LifeEvent& event) {
  const uint64_t sampled = record.user_ns + record.system_ns;
  uint64_t system_ns = 0;
  if (record.system_ns != 0) {
    system_ns = static_cast<uint64_t>(static_cast<double>(record.runtime_ns) *
                                      (static_cast<double>(record.system_ns) / static_cast<double>(sampled)));
  }
  event.system_ns = static_cast<int64_t>(system_ns);
  event.user_ns = static_cast<int64_t>(record.runtime_ns - system_ns);
}

}  // namespace

RawThreadTable::Row* RawThreadTable::row(uint32_t kernel_id) {
  const auto it = rows_.find(kernel_id);
  return it == rows_.end() ? nullptr : &it->second;
}

StringId RawThreadTable::cgroup(uint64_t id, TraceWriter& writer) const {
  const auto it = cgroups_.find(id);
  return it == cgroups_.end() ? StringId{} : writer.intern(it->second.path);
}

ThreadId RawThreadTable::leaderOf(const rec_thread& record, ThreadId self) const {
  if (record.tid == record.pid) return self;
  if (const ThreadId leader = find(record.leader)) return leader;
  // The kernel side had no room for the leader's state, or its definition was lost: the last process of
  // that pid which began before the thread.
  auto at = by_identity_.upper_bound({record.pid, static_cast<int64_t>(record.start_ns)});
  if (at == by_identity_.begin()) return {};
  --at;
  return at->first.first == record.pid ? at->second.id : ThreadId{};
}

void RawThreadTable::define(const rec_thread& record, TraceWriter& writer) {
  const auto [row_it, is_new_row] = rows_.try_emplace(record.id);
  Row& one = row_it->second;
  Identity& identity = by_identity_[{record.tid, static_cast<int64_t>(record.start_ns)}];
  if (!identity.id) identity.id = ThreadId{++last_id_};
  if (is_new_row) one.twin = std::exchange(identity.kernel_id, record.id);
  const bool info_known = one.def.recorded;
  one.def.id = identity.id;
  one.def.tid = record.tid;
  one.def.pid = record.pid;
  one.def.ns_tid = record.ns_tid;
  one.def.ns_pid = record.ns_pid;
  one.def.start_ns = static_cast<int64_t>(record.start_ns);
  one.leader = record.leader;
  one.def.leader = leaderOf(record, one.def.id);
  if (record.creator != 0) one.def.creator = find(record.creator);
  one.def.ppid = record.ppid;
  one.def.comm = writer.intern(commText(record.comm));
  one.def.recorded = (record.flags & THREAD_RECORDED) != 0;
  one.def.existed = (record.flags & THREAD_EXISTED) != 0;
  writer.define(one.def);
  if ((record.flags & THREAD_HAS_INFO) != 0 && !info_known) addInfo(record, one, writer);
}

void RawThreadTable::addInfo(const rec_thread& record, Row& one, TraceWriter& writer) {
  one.info.exe = resources_.path(record.exe, writer);
  one.info.cwd = resources_.path(record.cwd, writer);
  one.info.cgroup = cgroup(record.cgroup, writer);
  one.info.uid = record.uid;
  one.info.gid = record.gid;
  if (const Row* creator = row(record.creator)) {  // it runs its creator's program until it calls execve
    if (const Row* process = row(creator->leader)) one.info.cmdline = process->info.cmdline;
  }
  if (!one.info.cmdline && (record.flags & THREAD_KERNEL) == 0 && record.own_pid > 0) {
    one.info.cmdline = writer.intern(withoutLastNul(readCmdline(record.own_pid)));
  }
  LifeEvent event;
  event.kind = LifeKind::info;
  event.ts_ns = static_cast<int64_t>(record.ts_ns);
  event.thread = one.def.id;
  event.comm = one.def.comm;
  event.info = one.info;
  writer.add(event);
}

void RawThreadTable::defineCgroup(std::span<const uint8_t> record) {
  if (record.size() < sizeof(rec_cgroup)) return;
  rec_cgroup head{};
  std::memcpy(&head, record.data(), sizeof(head));
  const size_t size = std::min<size_t>(head.text_len, record.size() - sizeof(head));
  cgroups_[head.id] = {joinNames({reinterpret_cast<const char*>(record.data()) + sizeof(head), size}),
                       resources_.epoch()};
}

void RawThreadTable::fork(const rec_fork& record, TraceWriter& writer) {
  LifeEvent event;
  event.kind = LifeKind::fork;
  event.ts_ns = static_cast<int64_t>(record.ts_ns);
  event.thread = find(record.thread);
  event.other = find(record.child);
  if (event.thread && event.other) writer.add(event);
}

void RawThreadTable::exec(std::span<const uint8_t> bytes, TraceWriter& writer) {
  if (bytes.size() < sizeof(rec_exec)) return;
  rec_exec record{};
  std::memcpy(&record, bytes.data(), sizeof(record));
  Row* one = row(record.thread);
  if (one == nullptr) return;
  const size_t size = std::min<size_t>(record.args_len, bytes.size() - sizeof(record));
  const std::string_view args(reinterpret_cast<const char*>(bytes.data()) + sizeof(record), size);
  one->info.exe = resources_.path(record.exe, writer);
  one->info.cwd = resources_.path(record.cwd, writer);
  one->info.cmdline = writer.intern(withoutLastNul(args));
  one->info.cgroup = cgroup(record.cgroup, writer);
  one->info.uid = record.uid;
  one->info.gid = record.gid;
  one->def.comm = writer.intern(commText(record.comm));
  one->gone = false;  // its own thread may have ended, another goes on in its place
  writer.define(one->def);

  LifeEvent event;
  event.kind = LifeKind::exec;
  event.ts_ns = static_cast<int64_t>(record.ts_ns);
  event.thread = one->def.id;
  event.comm = one->def.comm;
  event.info = one->info;
  if (record.old != 0) {
    event.other = find(record.old);
    ended(record.old);
    released(record.old);  // its task goes by the leader's number from now on, and the leader's own ends
    one->old_task = !std::exchange(one->released, false);
  }
  writer.add(event);
}

void RawThreadTable::rename(const rec_comm& record, TraceWriter& writer) {
  Row* one = row(record.thread);
  if (one == nullptr) return;
  one->def.comm = writer.intern(commText(record.comm));
  writer.define(one->def);
  LifeEvent event;
  event.kind = LifeKind::comm;
  event.ts_ns = static_cast<int64_t>(record.ts_ns);
  event.thread = one->def.id;
  event.comm = one->def.comm;
  writer.add(event);
}

void RawThreadTable::exit(const rec_exit& record, TraceWriter& writer) {
  LifeEvent event;
  event.kind = LifeKind::exit;
  event.ts_ns = static_cast<int64_t>(record.ts_ns);
  event.thread = find(record.thread);
  if (!event.thread) return;
  event.group_dead = record.group_dead != 0;
  event.exit_status = record.status;
  splitRuntime(record, event);
  event.max_rss_bytes = static_cast<int64_t>(record.max_rss_pages) * ::sysconf(_SC_PAGESIZE);
  writer.add(event);
}

void RawThreadTable::ended(uint32_t kernel_id) {
  Row* one = row(kernel_id);
  if (one == nullptr || one->gone) return;
  one->gone = true;
  ended_.push_back(kernel_id);
}

void RawThreadTable::released(uint32_t kernel_id) {
  Row* one = row(kernel_id);
  if (one == nullptr) return;
  if (std::exchange(one->old_task, false)) return;
  one->released = true;
  released_.push_back(kernel_id);
}

void RawThreadTable::erase(uint32_t kernel_id, TraceWriter& writer) {
  const Row* one = row(kernel_id);
  if (one == nullptr) return;
  writer.forget(one->def.id);
  const auto identity = by_identity_.find({one->def.tid, one->def.start_ns});
  uint32_t next = kernel_id;
  if (identity != by_identity_.end()) {
    next = identity->second.kernel_id;
    by_identity_.erase(identity);
  }
  while (next != 0) {
    const auto it = rows_.find(next);
    if (it == rows_.end()) break;
    next = it->second.twin;
    rows_.erase(it);
  }
}

std::vector<uint32_t> RawThreadTable::forgetEnded(int64_t now_ns, TraceWriter& writer) {
  std::vector<uint32_t> forgotten;
  for (const uint32_t kernel_id : ended_before_) {
    const Row* one = row(kernel_id);
    if (one == nullptr || !one->gone) continue;
    writer.forget(one->def.id);
    forgotten.push_back(kernel_id);
  }
  ended_before_ = std::move(ended_);
  ended_.clear();
  if (cgroups_epoch_ != resources_.epoch()) {
    cgroups_epoch_ = resources_.epoch();
    std::erase_if(cgroups_, [&](const auto& item) { return item.second.epoch + 1 < cgroups_epoch_; });
  }
  if (now_ns - erased_ns_ < kReleasedStayNs) return forgotten;
  erased_ns_ = now_ns;
  for (const uint32_t kernel_id : released_before_) {
    const Row* one = row(kernel_id);
    if (one == nullptr || !one->released) continue;
    erase(kernel_id, writer);
    forgotten.push_back(kernel_id);
  }
  released_before_ = std::move(released_);
  released_.clear();
  return forgotten;
}

}  // namespace tarry
