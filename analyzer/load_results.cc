// What a LoadPass knows only at the end: processes, threads, resources.
#include <algorithm>

#include "analyzer/load_pass.h"
#include "analyzer/resource_label.h"

namespace tarry::analysis {
namespace {

// wait(2) encoding of an exit status.
constexpr int32_t kSignalMask = 0x7f;
constexpr int32_t kCodeShift = 8;
constexpr int32_t kCodeMask = 0xff;

std::string_view orNull(std::string_view text) {
  return text.empty() ? std::string_view() : text;
}

bool needsQuotes(std::string_view word) {
  return word.empty() || std::any_of(word.begin(), word.end(), [](char c) {
           const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
           return !plain && std::string_view("_-./:=,+@%^~").find(c) == std::string_view::npos &&
                  static_cast<unsigned char>(c) < 0x80;
         });
}

std::string quoted(std::string_view word) {
  if (!needsQuotes(word)) return std::string(word);
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + "'";
}

NullableInteger optionalId(uint32_t id) {
  return id != 0 ? NullableInteger(id) : std::nullopt;
}

}  // namespace

std::string commandLineText(std::string_view words) {
  // A process that gave itself a title (setproctitle) has it in one word with blanks, and nothing but
  // empty words where its other arguments were.
  if (const std::string_view first = words.substr(0, words.find('\0')); first.find(' ') != first.npos) {
    if (words.find_first_not_of('\0', first.size()) == words.npos) return std::string(first);
  }
  std::string text;
  while (!words.empty()) {
    const size_t end = words.find('\0');
    if (!text.empty()) text += ' ';
    text += quoted(words.substr(0, end));
    if (end == std::string_view::npos) break;
    words.remove_prefix(end + 1);
  }
  return text;
}

Upid LoadPass::rootProcess() const {
  if (reader_.header().target_kind != TargetKind::command) return 0;
  const auto recorder = static_cast<int32_t>(reader_.header().recorder_pid);
  Upid first = 0;
  for (Upid upid = 1; upid <= tasks_.processCount(); upid++) {
    const TrackedProcess& process = tasks_.process(upid);
    if (!process.recorded) continue;
    if (recorder != 0 && process.ppid == recorder) return upid;
    if (first == 0) first = upid;
  }
  return first;
}

// The launcher's child, which becomes the recorded command by its exec.
bool LoadPass::isLaunched(Utid utid) const {
  const Upid upid = tasks_.thread(utid).upid;
  return tasks_.process(upid).existed && upid == rootProcess();
}

// What the kernel says at the exit lacks what it had not accounted for yet: up to a clock tick, which can be
// all of a short life. The states have it all, but not what was before the recording. As getrusage(2) does
// it (kernel/sched/cputime.c, cputime_adjust), the kernel's figures say in which proportion.
CpuTime LoadPass::cpuTimeOf(Upid upid) const {
  const TrackedProcess& process = tasks_.process(upid);
  const RunningTime seen = upid < running_.size() ? running_[upid] : RunningTime{0, false};
  const int64_t user = std::clamp<int64_t>(process.user_ns, 0, INT64_MAX / 2);
  const int64_t system = std::clamp<int64_t>(process.system_ns, 0, INT64_MAX / 2);
  int64_t total = user + system;
  const bool launched = process.existed && upid == rootProcess();
  if (seen.complete && (!process.existed || launched)) total = seen.running_ns;
  else if (!process.existed) total = std::max(total, seen.running_ns);
  CpuTime time{user, system};
  if (user + system == 0) return {total, 0};
  const double share = static_cast<double>(system) / static_cast<double>(user + system);
  time.system_ns = std::min(total, static_cast<int64_t>(static_cast<double>(total) * share));
  time.user_ns = total - time.system_ns;
  return time;
}

void LoadPass::storeTasks(Database& db) {
  Inserter<tables::kThread> into_thread(db);
  std::vector<std::optional<int64_t>> last_end(tasks_.processCount() + 1);
  std::vector<bool> alive(tasks_.processCount() + 1, false);
  for (Utid utid = 1; utid <= tasks_.threadCount(); utid++) {
    const TrackedThread& thread = tasks_.thread(utid);
    tables::ThreadRow row;
    row.utid = utid;
    row.tid = thread.tid;
    row.upid = thread.upid;
    row.name = orNull(texts_.text(thread.name));
    row.start_ts = thread.start_ts;
    // The kernel notes the start a moment before the fork is reported: let the life begin with its rows.
    const std::optional<int64_t> begin = states_.beginOf(utid);
    if (begin && !thread.existed && (!row.start_ts || *row.start_ts > 0)) row.start_ts = begin;
    row.end_ts = states_.endOf(utid);
    row.creator_utid = optionalId(thread.creator);
    row.is_main = thread.is_main ? 1 : 0;
    row.recorded = thread.recorded ? 1 : 0;
    if (thread.ns_tid != 0) row.ns_tid = thread.ns_tid;
    into_thread.insert(row);
    if (thread.is_main && row.start_ts) tasks_.thread(utid).start_ts = row.start_ts;
    if (states_.alive(utid)) alive[thread.upid] = true;
    if (row.end_ts)
      last_end[thread.upid] = std::max(last_end[thread.upid].value_or(*row.end_ts), *row.end_ts);
  }

  Inserter<tables::kProcess> into_process(db);
  for (Upid upid = 1; upid <= tasks_.processCount(); upid++) {
    const TrackedProcess& process = tasks_.process(upid);
    tables::ProcessRow row;
    row.upid = upid;
    row.pid = process.pid;
    row.parent_upid = optionalId(process.parent);
    row.main_utid = optionalId(process.main_thread);
    if (process.main_thread != 0) row.start_ts = tasks_.thread(process.main_thread).start_ts;
    row.comm = orNull(texts_.text(process.comm));
    row.exe = orNull(texts_.text(process.info.exe));
    const std::string command_line = commandLineText(texts_.text(process.info.cmdline));
    row.cmdline = orNull(command_line);
    row.cwd = orNull(texts_.text(process.info.cwd));
    row.cgroup = orNull(texts_.text(process.info.cgroup));
    if (process.has_info) {
      row.uid = process.info.uid;
      row.gid = process.info.gid;
    }
    if (process.exit_ts) {
      if (!alive[upid]) row.end_ts = std::max(*process.exit_ts, last_end[upid].value_or(*process.exit_ts));
      const int32_t signal = process.exit_status & kSignalMask;
      if (signal != 0) {
        row.exit_signal = signal;
      } else {
        row.exit_code = (process.exit_status >> kCodeShift) & kCodeMask;
      }
      const CpuTime cpu = cpuTimeOf(upid);
      row.user_ns = cpu.user_ns;
      row.system_ns = cpu.system_ns;
      row.max_rss = process.max_rss;
    }
    if (process.ns_pid != 0) row.ns_pid = process.ns_pid;
    if (process.ppid != 0) row.ppid = process.ppid;
    row.recorded = process.recorded ? 1 : 0;
    row.existed = process.existed ? 1 : 0;
    into_process.insert(row);
  }

  Inserter<tables::kThreadName> into_name(db);
  for (const NameChange& change : tasks_.names()) {
    const std::string_view name = orNull(texts_.text(change.name));
    if (name.data() != nullptr) into_name.insert({change.ts, change.utid, name});
  }
  Inserter<tables::kExec> into_exec(db);
  for (const ExecRecord& exec : tasks_.execs()) {
    const std::string command_line = commandLineText(texts_.text(exec.info.cmdline));
    into_exec.insert({exec.ts, exec.upid, exec.utid, orNull(texts_.text(exec.comm)),
                      orNull(texts_.text(exec.info.exe)), orNull(command_line),
                      orNull(texts_.text(exec.info.cwd))});
  }
}

void LoadPass::storeResources(Database& db) {
  Inserter<tables::kResource> into(db);
  for (size_t i = 1; i < resources_.all().size(); i++) {
    const TrackedResource& tracked = resources_.all()[i];
    const Resource& resource = tracked.resource;
    tables::ResourceRow row;
    row.id = resource.id.value;
    row.kind = Label(resourceKindName(resource.kind));
    const bool is_node = resource.rdev_major != 0 || resource.rdev_minor != 0;
    const std::string dev = std::to_string(is_node ? resource.rdev_major : resource.dev_major) + ":" +
                            std::to_string(is_node ? resource.rdev_minor : resource.dev_minor);
    if (dev != "0:0") row.dev = dev;
    if (resource.inode != 0) row.inode = static_cast<int64_t>(resource.inode);
    const std::string path = displayPath(texts_.text(resource.path));
    row.path = orNull(path);
    const std::string_view protocol = protocolName(resource);
    if (!protocol.empty()) row.protocol = Label(protocol);
    std::string local;
    std::string remote;
    if (resource.kind == ResourceKind::socket) {
      local = addressText(resource.family, resource.local_addr);
      remote = addressText(resource.family, resource.remote_addr);
      row.local_addr = orNull(local);
      row.local_port = resource.local_port;
      if (!resource.listening && resource.remote_port != 0) {
        row.remote_addr = orNull(remote);
        row.remote_port = resource.remote_port;
      }
    }
    const bool is_socket =
        resource.kind == ResourceKind::socket || resource.kind == ResourceKind::unix_socket;
    if (is_socket) {
      row.listening = resource.listening ? 1 : 0;
      const SocketPeer peer = resources_.peerOf(resource, tasks_);
      row.peer_upid = optionalId(peer.process);
      row.peer_id = optionalId(peer.resource.value);
    }
    if (resource.cookie != 0) row.cookie = static_cast<int64_t>(resource.cookie);
    row.owner_upid = optionalId(tracked.owner);
    const std::string name = resources_.nameOf(resource);
    row.name = name;
    into.insert(row);
  }
  Inserter<tables::kOpenFd> into_fd(db);
  for (const ResourceTracker::FdEntry& entry : resources_.openFds()) {
    into_fd.insert({entry.process, entry.fd, optionalId(entry.resource.value)});
  }
}

}  // namespace tarry::analysis
