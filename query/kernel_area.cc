#include "query/kernel_area.h"

#include <array>

#include "format/syscall_table.h"

namespace tarry {
namespace {

struct Area {
  std::string_view name;
  std::string_view doc;
};
constexpr std::array<Area, kKernelAreas> kAreas = {{
    {"files", "finding, opening, reading and writing files and directories"},
    {"network", "talking to other machines or over loopback"},
    {"memory", "getting, mapping and protecting memory"},
    {"processes", "starting, waiting for and ending processes and threads"},
    {"signals", "sending, blocking and handling signals"},
    {"time", "sleeping, timers and asking for the time"},
    {"ipc", "pipes, Unix sockets, eventfds, shared memory with other processes"},
    {"locks", "futexes and file locks: threads waiting for each other"},
    {"polling", "waiting for any of several things: poll, select, epoll"},
    {"terminal", "reading from and writing to a terminal"},
    {"graphics", "the graphics card"},
    {"devices", "other devices: random numbers, sound, disks as such"},
    {"identity", "users, groups, limits, names of the machine"},
    {"other", "everything else"},
}};

KernelArea byResource(std::string_view kind, std::string_view path) {
  if (kind == "file" || kind == "dir" || kind == "symlink") return KernelArea::files;
  if (kind == "socket" || kind == "netlink" || kind == "other_socket") return KernelArea::network;
  if (kind == "pipe" || kind == "fifo" || kind == "unix" || kind == "eventfd" || kind == "signalfd" ||
      kind == "message_queue")
    return KernelArea::ipc;
  if (kind == "tty") return KernelArea::terminal;
  if (kind == "timerfd") return KernelArea::time;
  if (kind == "epoll") return KernelArea::polling;
  if (kind == "pidfd") return KernelArea::processes;
  if (kind == "inotify" || kind == "fanotify" || kind == "io_uring") return KernelArea::files;
  if (kind == "memory" || kind == "memfd" || kind == "userfaultfd") return KernelArea::memory;
  if (kind == "device" || kind == "block_device") {
    for (const std::string_view graphics : {"/dev/dri/", "/dev/nvidia", "/dev/kfd", "/dev/fb", "/dev/dxg"})
      if (path.starts_with(graphics)) return KernelArea::graphics;
    return KernelArea::devices;
  }
  return KernelArea::other;
}

bool isIdentity(std::string_view call) {
  for (const std::string_view name :
       {"uname", "getrlimit", "setrlimit", "prlimit64", "getrusage", "sysinfo", "getcpu", "sethostname",
        "setdomainname", "getpriority", "setpriority", "umask", "capget", "capset", "personality"})
    if (call == name) return true;
  return false;
}

bool isProcess(std::string_view call) {
  for (const std::string_view name :
       {"getpid", "getppid", "gettid", "getpgrp", "getpgid", "setpgid", "getsid", "setsid", "set_tid_address",
        "set_robust_list", "rseq", "arch_prctl", "prctl", "unshare", "setns", "pidfd_open", "ptrace", "kcmp"})
    if (call == name) return true;
  return call.starts_with("sched_");
}

}  // namespace

std::string_view kernelAreaName(KernelArea area) {
  return kAreas[static_cast<size_t>(area)].name;
}
std::string_view kernelAreaDoc(KernelArea area) {
  return kAreas[static_cast<size_t>(area)].doc;
}

KernelArea kernelAreaOf(Abi abi, std::string_view call, std::string_view resource_kind,
                        std::string_view path) {
  const SyscallSpec* spec = findSyscall(abi, call);
  const uint32_t classes = spec == nullptr ? 0 : spec->classes;
  // These are about themselves, whatever fd they carry.
  if ((classes & kClassMemory) != 0) return KernelArea::memory;
  if ((classes & kClassPoll) != 0) return KernelArea::polling;
  if ((classes & kClassLock) != 0) return KernelArea::locks;
  if (call == "execve" || call == "execveat") return KernelArea::processes;
  if (!resource_kind.empty()) {
    const KernelArea area = byResource(resource_kind, path);
    if (area != KernelArea::other) return area;
  }
  if ((classes & kClassFile) != 0) return KernelArea::files;
  if ((classes & kClassNetwork) != 0) return KernelArea::network;
  if ((classes & kClassProcess) != 0 || isProcess(call)) return KernelArea::processes;
  if ((classes & kClassSignal) != 0) return KernelArea::signals;
  if ((classes & kClassIpc) != 0 || call == "pipe" || call == "pipe2" || call == "eventfd2")
    return KernelArea::ipc;
  if ((classes & (kClassTime | kClassClock)) != 0) return KernelArea::time;
  if ((classes & kClassCreds) != 0 || isIdentity(call)) return KernelArea::identity;
  if (call == "getrandom") return KernelArea::devices;
  if ((classes & kClassDesc) != 0) return KernelArea::files;
  return KernelArea::other;
}

}  // namespace tarry
