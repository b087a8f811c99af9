#include "recorder/doctor.h"

#include <linux/capability.h>

#include <algorithm>
#include <cstdio>

#include "recorder/bpf_backend.h"
#include "recorder/doctor_needs.h"

namespace tarry {

namespace {

constexpr int kOldestMajor = 5, kOldestMinor = 15;
constexpr uint64_t kLittleSpace = 256U << 20;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

bool hasCapability(const MachineFacts& facts, int capability) {
  return (facts.capabilities >> capability & 1) != 0;
}

// Tried on 6.18: without CAP_SYSLOG /proc/kallsyms hides addresses, and stacks have no names. No capability
// is needed to see other users' processes, for what is recorded of them comes from the kernel.
std::string commandThatPermits(const MachineFacts& facts) {
  return "sudo setcap cap_bpf,cap_perfmon,cap_syslog=ep " + (facts.program.empty() ? "FILE" : facts.program);
}

Finding kernel(const MachineFacts& facts) {
  int major = 0, minor = 0;
  const bool known = std::sscanf(facts.kernel_release.c_str(), "%d.%d", &major, &minor) == 2;
  const bool recent = major > kOldestMajor || (major == kOldestMajor && minor >= kOldestMinor);
  Finding finding{Verdict::ok, "kernel", facts.kernel_release + ", " + facts.machine, ""};
  if (!known || !recent) {
    finding.verdict = Verdict::missing;
    finding.fix = "a kernel from 5.15 on";
  } else if (facts.machine != "x86_64" && facts.machine != "aarch64") {
    finding.verdict = Verdict::missing;
    finding.fix = "x86-64 or aarch64: system calls of other machines are not known";
  }
  return finding;
}

Finding btfInfo(const MachineFacts& facts) {
  if (facts.btf_readable) return {Verdict::ok, "kernel types (BTF)", "/sys/kernel/btf/vmlinux", ""};
  if (facts.btf_exists) {
    return {Verdict::missing, "kernel types (BTF)", "/sys/kernel/btf/vmlinux cannot be read", "sudo tarry …"};
  }
  return {Verdict::missing, "kernel types (BTF)", "/sys/kernel/btf/vmlinux does not exist",
          "a kernel built with CONFIG_DEBUG_INFO_BTF=y, as distributions do"};
}

Finding bpfCall(const MachineFacts& facts) {
  if (facts.map_error.empty()) return {Verdict::ok, "bpf(2)", "allowed", ""};
  const bool has_rights = hasCapability(facts, CAP_SYS_ADMIN) || hasCapability(facts, CAP_BPF);
  return {Verdict::missing, "bpf(2)", "refused: " + facts.map_error,
          has_rights ? "a seccomp or container profile that lets bpf(2) through" : "sudo tarry …"};
}

Finding maps(const MachineFacts& facts) {
  if (facts.ring_buffer.value_or(false) && facts.task_storage.value_or(false)) {
    return {Verdict::ok, "BPF maps", "ring buffer, task storage", ""};
  }
  return {Verdict::missing, "BPF maps", "no ring buffer or task storage",
          "a kernel from 5.15 on with CONFIG_BPF_SYSCALL=y"};
}

Finding kernelParts(const std::string& subject, const std::vector<Need>& needs,
                    const std::set<std::string>& present) {
  std::vector<std::string> missing, without;
  for (const Need& need : needs) {
    if (present.count(need.name) > 0) continue;
    (need.optional ? without : missing).push_back(need.name + " (" + need.use + ")");
  }
  const std::string count =
      std::to_string(needs.size() - missing.size() - without.size()) + " of " + std::to_string(needs.size());
  if (!missing.empty()) return {Verdict::missing, subject, "no " + joined(missing), "a newer kernel"};
  if (!without.empty())
    return {Verdict::limited, subject, count + ", without " + joined(without), "a newer kernel has it"};
  return {Verdict::ok, subject, count, ""};
}

Finding programs(const MachineFacts& facts) {
  if (!facts.load_error->empty()) {
    return {Verdict::missing, "BPF programs", *facts.load_error, "what is missing above, or a newer kernel"};
  }
  char detail[64];
  std::snprintf(detail, sizeof detail, "load and attach (%.1f s)", facts.load_seconds);
  return {Verdict::ok, "BPF programs", detail, ""};
}

Finding lockdown(const MachineFacts& facts) {
  if (facts.lockdown == "confidentiality") {
    return {Verdict::missing, "lockdown", "confidentiality: BPF may not read kernel memory",
            "start the kernel with lockdown=integrity or none"};
  }
  return {Verdict::ok, "lockdown", facts.lockdown.empty() ? "none" : facts.lockdown, ""};
}

Finding symbols(const MachineFacts& facts) {
  if (facts.kernel_symbols) return {Verdict::ok, "kernel symbols", "/proc/kallsyms shows addresses", ""};
  return {Verdict::limited, "kernel symbols", "/proc/kallsyms hides addresses: kernel stacks have no names",
          facts.root                      ? "sysctl kernel.kptr_restrict=1"
          : hasCapability(facts, CAP_BPF) ? commandThatPermits(facts)
                                          : "sudo tarry …"};
}

// What goes without rights.
Finding tracing(const MachineFacts& facts) {
  if (ptraceWorks(facts)) {
    const bool related = facts.ptrace_scope.value_or(0) > 0 && !hasCapability(facts, CAP_SYS_PTRACE);
    return {Verdict::ok, "ptrace",
            related ? "commands can be recorded without eBPF (yama: of what already runs nothing)"
                    : "your own processes can be recorded without eBPF",
            ""};
  }
  // A program whose file has capabilities is closed to tracers without CAP_SYS_PTRACE, its own children
  // included.
  if (!facts.root && facts.capabilities != 0 && !hasCapability(facts, CAP_SYS_PTRACE)) {
    return {Verdict::limited, "ptrace", facts.ptrace_error + ", for this file has capabilities",
            "a copy of it without them; eBPF does not need it"};
  }
  return {Verdict::limited, "ptrace", facts.ptrace_error,
          "a seccomp or container profile that lets ptrace(2) through; eBPF does not need it"};
}

Finding settings(const MachineFacts& facts) {
  auto text = [](std::optional<int> value) { return value ? std::to_string(*value) : std::string("none"); };
  return {Verdict::ok, "settings",
          "unprivileged_bpf_disabled " + text(facts.unprivileged_bpf_disabled) + ", perf_event_paranoid " +
              text(facts.perf_event_paranoid) + ", yama ptrace_scope " + text(facts.ptrace_scope) +
              ": none is in the way of a recorder with the rights above",
          ""};
}

Finding cgroups(const MachineFacts& facts) {
  if (facts.cgroups.empty())
    return {Verdict::limited, "cgroups", "none mounted: no --cgroup, no --unit",
            "mount -t cgroup2 none /sys/fs/cgroup"};
  return {Verdict::ok, "cgroups", facts.cgroups + (facts.systemd ? ", systemd" : ", no systemd: no --unit"),
          ""};
}

Finding pidNamespace(const MachineFacts& facts) {
  if (!facts.own_pid_namespace) return {Verdict::ok, "pid namespace", "the machine's own", ""};
  return {Verdict::limited, "pid namespace", "a container's: processes outside have no names in /proc",
          "run tarry outside, with --cgroup of the container"};
}

std::string gibibytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GiB free", static_cast<double>(bytes) / (1U << 30));
  return text;
}

Finding disk(const MachineFacts& facts) {
  const std::string detail = facts.directory + ", " + gibibytes(facts.free_bytes);
  if (!facts.directory_writable)
    return {Verdict::limited, "current directory", facts.directory + " is not writable", "-o FILE elsewhere"};
  if (facts.free_bytes < kLittleSpace)
    return {Verdict::limited, "current directory", detail, "-o FILE elsewhere, or --max-size"};
  return {Verdict::ok, "current directory", detail, ""};
}

}  // namespace

Finding findRights(const MachineFacts& facts) {
  std::vector<std::string> missing;
  // CAP_SYS_ADMIN stands for both (capabilities(7)).
  if (!hasCapability(facts, CAP_SYS_ADMIN)) {
    if (!hasCapability(facts, CAP_BPF)) missing.push_back("CAP_BPF");
    if (!hasCapability(facts, CAP_PERFMON)) missing.push_back("CAP_PERFMON");
  }
  if (missing.empty()) {
    return {Verdict::ok, "rights", facts.root ? "root" : "CAP_BPF and CAP_PERFMON", ""};
  }
  if (facts.root) {
    return {Verdict::missing, "rights", "root, but without " + joined(missing),
            "a container started with --privileged, or with --cap-add BPF --cap-add PERFMON"};
  }
  return {Verdict::missing, "rights", "no " + joined(missing),
          "sudo tarry …, or from now on: " + commandThatPermits(facts) +
              " (whoever may execute that file can then record everything: docs/install.md)"};
}

const std::vector<Need>& neededTracepoints() {
  static const std::vector<Need> needs = {
      {"sched_switch", false, "waits"},
      {"sched_waking", false, "who ended a wait"},
      {"sched_wakeup_new", false, "new threads"},
      {"sched_process_fork", false, "new processes"},
      {"sched_process_exec", false, "commands"},
      {"sched_process_exit", false, "ends of processes"},
      {"task_rename", false, "names of threads"},
      {"signal_deliver", false, "signals"},
      {"signal_generate", false, "who sent a signal"},
      {"sys_enter", false, "level syscalls"},
      {"sys_exit", false, "level syscalls"},
      {"cgroup_attach_task", true, "processes that move into a recorded cgroup"},
      {"mm_filemap_add_to_page_cache", true, "the file behind a page fault"},
      {"sk_data_ready", true, "the socket that ended a poll at level waits"},
      {"inet_sock_set_state", true, "lives of TCP sockets"},
      {"tcp_retransmit_skb", true, "retransmissions"},
      {"tcp_send_reset", true, "resets"},
      {"suspend_resume", true, "times after a suspend of the machine"},
  };
  return needs;
}

const std::vector<Need>& neededIterators() {
  static const std::vector<Need> needs = {
      {"task", false, "what already runs"},
      {"task_file", false, "what is already open"},
  };
  return needs;
}

// What could not be tried for want of something else is left out: that is reported already.
std::vector<Finding> diagnose(const MachineFacts& facts) {
  std::vector<Finding> findings = {kernel(facts), findRights(facts), btfInfo(facts), bpfCall(facts)};
  if (facts.ring_buffer) findings.push_back(maps(facts));
  if (facts.btf_readable) {
    findings.push_back(kernelParts("tracepoints", neededTracepoints(), facts.tracepoints));
    findings.push_back(kernelParts("iterators", neededIterators(), facts.iterators));
  }
  findings.push_back(lockdown(facts));
  if (facts.load_error) findings.push_back(programs(facts));
  for (auto* look : {tracing, symbols, settings, cgroups, pidNamespace, disk})
    findings.push_back(look(facts));
  return findings;
}

bool ptraceWorks(const MachineFacts& facts) {
  return facts.ptrace_error.empty();
}

bool bpfWorks(const std::vector<Finding>& findings) {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& finding) { return finding.verdict == Verdict::missing; });
}

MachineFacts lookAtThisMachine() {
  return lookAtMachine([] {
    BackendOptions options;
    options.ring_bytes = 1U << 20;
    const std::unique_ptr<Backend> backend = makeBpfBackend(options);
    backend->start(TargetSpec{});  // a command that never comes: nothing is recorded
    backend->stop();
  });
}

}  // namespace tarry
