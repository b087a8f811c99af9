// What this machine allows a recorder to do, what is missing, and what would fix it.
//
// Looking (lookAtMachine) and judging (diagnose) are apart, so that every verdict can be tested with
// an invented machine. Works without any rights.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tarry {

// What was found; an empty optional means that it could not be found out.
struct MachineFacts {
  std::string kernel_release;  // uname -r
  std::string machine;         // uname -m
  std::string os_name;
  std::string program;  // the file of this program, empty where /proc does not tell
  bool root = false;
  uint64_t capabilities = 0;  // CapEff of /proc/self/status
  bool btf_readable = false;
  bool btf_exists = false;
  std::set<std::string> tracepoints;  // those of ours that the kernel's BTF knows
  std::set<std::string> iterators;
  std::string map_error;  // of a first bpf(2) call that needs rights; empty: it worked
  std::optional<bool> ring_buffer, task_storage;
  std::optional<std::string> load_error;  // of the real programs; empty: they attach
  double load_seconds = 0;
  std::string ptrace_error;  // of tracing a child; empty: it works
  std::optional<int> unprivileged_bpf_disabled, perf_event_paranoid, ptrace_scope, kptr_restrict;
  bool kernel_symbols = false;  // /proc/kallsyms shows addresses
  std::string lockdown;         // "none", "integrity", "confidentiality", "" where there is none
  bool own_pid_namespace = false;
  std::string cgroups;  // "version 2", "version 1 and 2", …; empty: none mounted
  bool systemd = false;
  std::string directory;  // the current one
  bool directory_writable = false;
  uint64_t free_bytes = 0;  // in it
};

enum class Verdict : uint8_t {
  ok,
  missing,  // recording with eBPF does not work without
  limited,  // recording works, with less
};

struct Finding {
  Verdict verdict = Verdict::ok;
  std::string subject;
  std::string detail;
  std::string fix;  // a command or one sentence; empty where ok
};

// `try_to_load` loads and attaches the real programs for a moment and throws what went wrong; it is
// called only where there is a chance. May be empty.
MachineFacts lookAtMachine(const std::function<void()>& try_to_load);
std::vector<Finding> diagnose(const MachineFacts& facts);
Finding findRights(const MachineFacts& facts);
// With eBPF, and by ptrace (backend.h): your own processes only, and at a higher cost.
bool bpfWorks(const std::vector<Finding>& findings);
bool ptraceWorks(const MachineFacts& facts);

// A quick look, without trying: why this process may not record with eBPF. Nothing: it may be able to.
std::optional<std::string> bpfObstacle();

// lookAtMachine with the eBPF backend.
MachineFacts lookAtThisMachine();

}  // namespace tarry
