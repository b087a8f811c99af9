#include "recorder/ptrace/proc_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>

namespace tarry::ptracing {

namespace {

template <class Visitor>
void forEachNumber(const std::string& directory, Visitor&& visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(directory.c_str()), ::closedir);
  if (!dir) return;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    pid_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc{} && end == name.data() + name.size()) visit(number);
  }
}

// The value behind "NAME:\t" in the text of /proc/PID/status.
std::string_view field(std::string_view text, std::string_view name) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
      std::string_view value = line.substr(name.size() + 1);
      value.remove_prefix(std::min(value.find_first_not_of("\t "), value.size()));
      return value;
    }
    at = end + 1;
  }
  return {};
}

uint64_t number(std::string_view text, int base = 10) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

pid_t pidOf(std::string_view text) {
  return static_cast<pid_t>(number(text));
}

pid_t lastNumber(std::string_view text) {
  const size_t at = text.find_last_of("\t ");
  return pidOf(at == std::string_view::npos ? text : text.substr(at + 1));
}

}  // namespace

std::string procPath(pid_t tid, std::string_view name) {
  return "/proc/" + std::to_string(tid) + "/" + std::string(name);
}

std::string readProc(pid_t tid, std::string_view name, size_t most) {
  const UniqueFd fd(::open(procPath(tid, name).c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!fd) return text;
  char buffer[4096];
  while (text.size() < most) {
    const ssize_t got = ::read(fd.get(), buffer, std::min(sizeof buffer, most - text.size()));
    if (got <= 0) break;
    text.append(buffer, static_cast<size_t>(got));
  }
  return text;
}

std::optional<std::string> readLink(int directory_fd, const char* name) {
  char text[PATH_MAX];
  const ssize_t size = ::readlinkat(directory_fd, name, text, sizeof text);
  if (size < 0) return std::nullopt;
  return std::string(text, static_cast<size_t>(size));
}

RunClock::RunClock(pid_t tid) : fd_(::open(procPath(tid, "schedstat").c_str(), O_RDONLY | O_CLOEXEC)) {}

std::optional<RunReading> RunClock::read() const {
  if (!fd_) return std::nullopt;
  char text[80];
  const ssize_t size = ::pread(fd_.get(), text, sizeof text - 1, 0);
  if (size <= 0) return std::nullopt;
  const char* at = text;
  const char* const end = text + size;
  uint64_t values[3] = {};
  for (uint64_t& value : values) {
    while (at < end && *at == ' ') ++at;
    at = std::from_chars(at, end, value).ptr;
  }
  if (values[2] == 0) return std::nullopt;  // built without CONFIG_SCHED_INFO
  return RunReading{values[0], values[1], values[2]};
}

std::optional<TaskStatus> readStatus(pid_t tid) {
  const std::string text = readProc(tid, "status", 16 * 1024);
  if (text.empty()) return std::nullopt;
  TaskStatus status;
  status.tgid = pidOf(field(text, "Tgid"));
  status.ppid = pidOf(field(text, "PPid"));
  status.tracer = pidOf(field(text, "TracerPid"));
  status.uid = static_cast<uint32_t>(number(field(text, "Uid")));
  status.gid = static_cast<uint32_t>(number(field(text, "Gid")));
  status.ns_tid = lastNumber(field(text, "NSpid"));
  status.ns_pid = lastNumber(field(text, "NStgid"));
  status.ignored = number(field(text, "SigIgn"), 16);
  status.caught = number(field(text, "SigCgt"), 16);
  status.max_rss_bytes = number(field(text, "VmHWM")) * 1024;
  status.voluntary = number(field(text, "voluntary_ctxt_switches"));
  return status;
}

bool isChannel(pid_t tid, int fd) {
  struct stat what;
  const std::string path = "/proc/" + std::to_string(tid) + "/fd/" + std::to_string(fd);
  return ::stat(path.c_str(), &what) == 0 && (S_ISSOCK(what.st_mode) || S_ISFIFO(what.st_mode));
}

std::optional<TaskStat> readStat(pid_t tid, bool thread) {
  const std::string name = thread ? "task/" + std::to_string(tid) + "/stat" : "stat";
  const std::string text = readProc(tid, name, 4096);
  const size_t comm_end = text.rfind(')');
  if (comm_end == std::string::npos) return std::nullopt;
  TaskStat stat;
  unsigned long long major = 0, user = 0, system = 0, start = 0;
  // proc_pid_stat(5): state is field 3, majflt 12, utime 14, stime 15, starttime 22, processor 39
  const int fields =
      std::sscanf(text.c_str() + comm_end + 1,
                  " %c %*d %*d %*d %*d %*d %*u %*u %*u %llu %*u %llu %llu %*d %*d %*d %*d %*d "
                  "%*d %llu %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %d",
                  &stat.state, &major, &user, &system, &start, &stat.cpu);
  if (fields < 5) return std::nullopt;
  stat.major_faults = major;
  stat.user_ticks = user;
  stat.system_ticks = system;
  stat.start_ticks = start;
  return stat;
}

std::optional<BlockedCall> readBlockedCall(pid_t tid) {
  const std::string text = readProc(tid, "syscall", 512);
  BlockedCall call;
  long long nr = -1;
  unsigned long long args[6] = {};
  const int fields = std::sscanf(text.c_str(), "%lld 0x%llx 0x%llx 0x%llx 0x%llx 0x%llx 0x%llx", &nr,
                                 &args[0], &args[1], &args[2], &args[3], &args[4], &args[5]);
  if (fields < 1) return std::nullopt;  // "running", or not allowed to be read
  call.nr = fields == 7 ? nr : -1;
  std::copy(std::begin(args), std::end(args), std::begin(call.args));
  return call;
}

std::string readComm(pid_t tid) {
  std::string text = readProc(tid, "comm", 64);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string readCgroup(pid_t pid) {
  const std::string text = readProc(pid, "cgroup", 64 * 1024);
  std::string deepest;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    const size_t colon = line.find(':', line.find(':') + 1);
    if (colon != std::string_view::npos) {
      const std::string_view path = line.substr(colon + 1);
      if (line.starts_with("0::") && path.size() > 1) return std::string(path);
      if (std::count(path.begin(), path.end(), '/') > std::count(deepest.begin(), deepest.end(), '/') ||
          path.size() > deepest.size()) {
        deepest = path;
      }
    }
    at = end + 1;
  }
  return deepest;
}

std::vector<pid_t> threadsOf(pid_t pid) {
  std::vector<pid_t> tids;
  forEachNumber(procPath(pid, "task"), [&](pid_t tid) { tids.push_back(tid); });
  return tids;
}

std::vector<pid_t> processTree(pid_t pid) {
  std::multimap<pid_t, pid_t> children;
  forEachNumber("/proc", [&](pid_t one) {
    if (const auto status = readStatus(one)) children.emplace(status->ppid, one);
  });
  std::vector<pid_t> tree = {pid};
  for (size_t i = 0; i < tree.size(); ++i) {
    const auto [first, last] = children.equal_range(tree[i]);
    for (auto it = first; it != last; ++it) tree.push_back(it->second);
  }
  return tree;
}

int64_t ticksToNs(uint64_t ticks) {
  static const long per_second = ::sysconf(_SC_CLK_TCK);
  return static_cast<int64_t>(ticks) * (1'000'000'000 / per_second);
}

}  // namespace tarry::ptracing
