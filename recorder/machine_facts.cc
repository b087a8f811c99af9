#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "format/unique_fd.h"
#include "recorder/doctor.h"
#include "recorder/doctor_needs.h"
#include "recorder/host_info.h"
#include "recorder/ptrace/trial.h"
#include "recorder/targets.h"

namespace tarry {

namespace {

constexpr const char* kKernelTypes = "/sys/kernel/btf/vmlinux";

std::string firstLine(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string wholeFile(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::optional<int> readSetting(const std::string& path) {
  std::ifstream in(path);
  int value = 0;
  if (!(in >> value)) return std::nullopt;
  return value;
}

uint64_t effectiveCapabilities() {
  std::ifstream in("/proc/self/status");
  const std::string key = "CapEff:";
  for (std::string line; std::getline(in, line);) {
    if (line.compare(0, key.size(), key) == 0) return std::strtoull(line.c_str() + key.size(), nullptr, 16);
  }
  return 0;
}

// "none [integrity] confidentiality": the chosen one stands in brackets.
std::string chosenWord(const std::string& text) {
  const size_t begin = text.find('[');
  const size_t end = text.find(']', begin);
  return begin == std::string::npos || end == std::string::npos ? ""
                                                                : text.substr(begin + 1, end - begin - 1);
}

// Addresses are zeros for those who may not see them.
bool kernelSymbolsVisible() {
  std::ifstream in("/proc/kallsyms");
  std::string address;
  for (int i = 0; i < 1000 && in >> address; ++i) {
    if (address.find_first_not_of('0') != std::string::npos) return true;
    in.ignore(4096, '\n');
  }
  return false;
}

struct BtfCloser {
  void operator()(btf* object) const { btf__free(object); }
};

void lookAtBtf(MachineFacts& facts) {
  facts.btf_exists = ::access(kKernelTypes, F_OK) == 0;
  facts.btf_readable = ::access(kKernelTypes, R_OK) == 0;
  const std::unique_ptr<btf, BtfCloser> kernel(btf__load_vmlinux_btf());
  if (libbpf_get_error(kernel.get()) != 0 || !kernel) return;
  for (const Need& need : neededTracepoints()) {
    if (btf__find_by_name_kind(kernel.get(), ("btf_trace_" + need.name).c_str(), BTF_KIND_TYPEDEF) > 0) {
      facts.tracepoints.insert(need.name);
    }
  }
  for (const Need& need : neededIterators()) {
    if (btf__find_by_name_kind(kernel.get(), ("bpf_iter_" + need.name).c_str(), BTF_KIND_FUNC) > 0) {
      facts.iterators.insert(need.name);
    }
  }
}

void lookAtBpf(MachineFacts& facts) {
  const UniqueFd ring(::bpf_map_create(BPF_MAP_TYPE_RINGBUF, "tarry_doctor", 0, 0, 1U << 16, nullptr));
  if (!ring) {
    facts.map_error = std::strerror(errno);
    return;
  }
  facts.ring_buffer = true;
  facts.task_storage = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, nullptr) == 1;
}

void lookAtCgroups(MachineFacts& facts) {
  bool v1 = false, v2 = false;
  for (const CgroupMount& mount : cgroupMounts()) {
    (mount.version == 2 ? v2 : v1) = true;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(mount.path, error), end; !error && entry != end;
         entry.increment(error)) {
      if (entry->path().extension() == ".slice") facts.systemd = true;
    }
  }
  facts.cgroups = v1 && v2 ? "version 1 and 2" : v2 ? "version 2" : v1 ? "version 1" : "";
}

void lookAtDirectory(MachineFacts& facts) {
  std::error_code error;
  facts.directory = std::filesystem::current_path(error).string();
  facts.directory_writable = ::access(".", W_OK) == 0;
  struct statvfs space {};
  if (::statvfs(".", &space) == 0) facts.free_bytes = static_cast<uint64_t>(space.f_bavail) * space.f_frsize;
}

void tryToLoad(MachineFacts& facts, const std::function<void()>& load) {
  const auto start = std::chrono::steady_clock::now();
  try {
    load();
    facts.load_error = "";
  } catch (const std::exception& error) {
    facts.load_error = error.what();
  }
  facts.load_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int silence(libbpf_print_level, const char*, va_list) {
  return 0;
}

}  // namespace

std::optional<std::string> bpfObstacle() {
  MachineFacts facts;
  facts.root = ::geteuid() == 0;
  facts.capabilities = effectiveCapabilities();
  const Finding rights = findRights(facts);
  if (rights.verdict == Verdict::missing) return rights.detail;
  if (::access(kKernelTypes, R_OK) != 0) return std::string("no ") + kKernelTypes;
  return std::nullopt;
}

MachineFacts lookAtMachine(const std::function<void()>& try_to_load) {
  MachineFacts facts;
  utsname name{};
  if (::uname(&name) == 0) {
    facts.kernel_release = name.release;
    facts.machine = name.machine;
  }
  std::error_code no_proc;
  facts.program = std::filesystem::read_symlink("/proc/self/exe", no_proc).string();
  facts.os_name = prettyName(wholeFile("/etc/os-release"));
  facts.root = ::geteuid() == 0;
  facts.capabilities = effectiveCapabilities();
  const libbpf_print_fn_t before = libbpf_set_print(silence);
  lookAtBtf(facts);
  lookAtBpf(facts);
  facts.unprivileged_bpf_disabled = readSetting("/proc/sys/kernel/unprivileged_bpf_disabled");
  facts.perf_event_paranoid = readSetting("/proc/sys/kernel/perf_event_paranoid");
  facts.ptrace_scope = readSetting("/proc/sys/kernel/yama/ptrace_scope");
  facts.kptr_restrict = readSetting("/proc/sys/kernel/kptr_restrict");
  facts.kernel_symbols = kernelSymbolsVisible();
  facts.ptrace_error = ptracing::tryTracing();
  facts.lockdown = chosenWord(firstLine("/sys/kernel/security/lockdown"));
  std::error_code error;
  // PROC_PID_INIT_INO of include/linux/proc_ns.h: the initial pid namespace has this number for ever.
  facts.own_pid_namespace =
      std::filesystem::read_symlink("/proc/self/ns/pid", error) != "pid:[4026531836]" && !error;
  lookAtCgroups(facts);
  lookAtDirectory(facts);
  if (try_to_load && facts.map_error.empty() && facts.btf_readable) tryToLoad(facts, try_to_load);
  libbpf_set_print(before);
  return facts;
}

}  // namespace tarry
