#include "recorder/host_info.h"

#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "recorder/user_identity.h"

namespace tarry {

namespace {

int64_t clockNs(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

std::string readFile(const char* path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

int64_t bootTimeNs() {
  return clockNs(CLOCK_BOOTTIME);
}

ClockPoint readClocks() {
  // As close together as three calls of the vDSO are; the wall clock in the middle.
  ClockPoint point;
  point.boottime_ns = clockNs(CLOCK_BOOTTIME);
  point.realtime_ns = clockNs(CLOCK_REALTIME);
  point.monotonic_ns = clockNs(CLOCK_MONOTONIC);
  return point;
}

int64_t threadCpuNs() {
  return clockNs(CLOCK_THREAD_CPUTIME_ID);
}

std::string prettyName(const std::string& os_release) {
  std::istringstream lines(os_release);
  const std::string key = "PRETTY_NAME=";
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, key.size(), key) != 0) continue;
    std::string value = line.substr(key.size());
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
        value.back() == value.front()) {
      value = value.substr(1, value.size() - 2);
    }
    return value;
  }
  return "";
}

TraceHeader describeHost() {
  TraceHeader header;
  header.tarry_version = TARRY_VERSION;
  utsname name{};
  if (::uname(&name) == 0) {
    header.hostname = name.nodename;
    header.kernel_release = name.release;
    header.machine = name.machine;
  }
  header.os_name = prettyName(readFile("/etc/os-release"));
  if (header.os_name.empty()) header.os_name = prettyName(readFile("/usr/lib/os-release"));
  header.cpu_count = static_cast<uint32_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  header.page_size = static_cast<uint32_t>(::sysconf(_SC_PAGESIZE));
  std::error_code error;
  header.cwd = std::filesystem::current_path(error).string();
  header.user = currentUserName();
  header.recorder_pid = static_cast<uint32_t>(::getpid());
  header.start = readClocks();
  return header;
}

}  // namespace tarry
