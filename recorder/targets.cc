#include "recorder/targets.h"

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

#include "format/errors.h"

namespace tarry {

namespace fs = std::filesystem;

namespace {

constexpr int kMaxUnitDepth = 12;  // slices nest, but not for ever
constexpr size_t kMaxUnitDirectories = 200'000;

// mountinfo writes space, tab, newline and backslash as octal escapes.
std::string unescapeMount(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      int value = 0;
      for (size_t k = 1; k <= 3; ++k) value = value * 8 + (text[i + k] - '0');
      result.push_back(static_cast<char>(value));
      i += 3;
    } else {
      result.push_back(text[i]);
    }
  }
  return result;
}

bool isDirectory(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool isUnder(const std::string& path, const std::string& directory) {
  return path == directory ||
         (path.size() > directory.size() && path.compare(0, directory.size(), directory) == 0 &&
          (directory.back() == '/' || path[directory.size()] == '/'));
}

std::string withoutTrailingSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

bool endsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool isUnitDirectory(std::string_view name) {
  return endsWith(name, ".slice") || endsWith(name, ".service") || endsWith(name, ".scope");
}

struct UnitSearch {
  std::string name;
  std::vector<std::string> found;
  bool any_unit = false;
  size_t visited = 0;

  void walk(const fs::path& directory, int depth) {
    std::error_code error;
    for (fs::directory_iterator entry(directory, fs::directory_options::skip_permission_denied, error), end;
         !error && entry != end; entry.increment(error)) {
      std::error_code ignored;
      if (!entry->is_directory(ignored) || entry->is_symlink(ignored)) continue;
      if (++visited > kMaxUnitDirectories) return;
      const std::string base = entry->path().filename().string();
      if (!isUnitDirectory(base)) continue;
      any_unit = true;
      if (base == name) {
        found.push_back(entry->path().string());
      } else if (depth < kMaxUnitDepth) {
        walk(entry->path(), depth + 1);
      }
    }
  }
};

std::string readSmallFile(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string commOf(int pid) {
  std::string comm = readSmallFile("/proc/" + std::to_string(pid) + "/comm");
  while (!comm.empty() && comm.back() == '\n') comm.pop_back();
  return comm;
}

// A name that is a plain file name everywhere.
std::string asFileName(std::string name) {
  for (char& c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       std::string_view("._-+@:").find(c) != std::string_view::npos;
    if (!plain) c = '_';
  }
  if (!name.empty() && (name[0] == '.' || name[0] == '-')) name[0] = '_';
  if (name.size() > 64) name.resize(64);
  return name.empty() ? "trace" : name;
}

}  // namespace

std::vector<CgroupMount> parseCgroupMounts(const std::string& mountinfo) {
  std::vector<CgroupMount> mounts;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    // 36 35 98:0 /root /mount/point options [optional fields] - type source superoptions
    std::istringstream fields(line);
    std::string id, parent, device, root, mount_point, field;
    fields >> id >> parent >> device >> root >> mount_point;
    while (fields >> field && field != "-") {
    }
    std::string type, source, options;
    if (!(fields >> type >> source >> options)) continue;
    if (type != "cgroup" && type != "cgroup2") continue;
    mounts.push_back({unescapeMount(mount_point), type == "cgroup2" ? 2 : 1, options});
  }
  auto rank = [](const CgroupMount& mount) {
    if (mount.version == 2) return 0;
    return mount.options.find("name=systemd") != std::string::npos ? 1 : 2;
  };
  std::stable_sort(mounts.begin(), mounts.end(),
                   [&](const CgroupMount& a, const CgroupMount& b) { return rank(a) < rank(b); });
  return mounts;
}

std::vector<CgroupMount> cgroupMounts() {
  return parseCgroupMounts(readSmallFile("/proc/self/mountinfo"));
}

std::string resolveCgroup(const std::string& name, const std::vector<CgroupMount>& mounts) {
  if (mounts.empty())
    throw RecordError("cannot find cgroup " + name + ": no cgroup hierarchy is mounted (use -p or --all)");
  const std::string wanted = withoutTrailingSlash(name);
  if (!wanted.empty() && wanted[0] == '/') {
    std::error_code error;
    const fs::path real = fs::canonical(wanted, error);
    if (!error) {
      for (const CgroupMount& mount : mounts) {
        if (isUnder(real.string(), mount.path) && isDirectory(real.string())) return real.string();
      }
    }
  }
  for (const CgroupMount& mount : mounts) {
    const std::string path =
        withoutTrailingSlash(mount.path + (wanted.empty() || wanted[0] != '/' ? "/" : "") + wanted);
    if (wanted.find("..") == std::string::npos && isDirectory(path)) return path;
  }
  if (isDirectory(wanted)) {
    throw UsageError(name + " is a directory but no cgroup (hierarchies are mounted at " + mounts[0].path +
                     " …)");
  }
  throw UsageError("no cgroup " + name + " under " + mounts[0].path +
                   (mounts.size() > 1 ? " and the other hierarchies" : "") +
                   " (systemd-cgls shows what there is)");
}

std::string resolveUnit(const std::string& name, const std::vector<CgroupMount>& mounts) {
  if (name.empty() || name.find('/') != std::string::npos) throw UsageError("'" + name + "' is no unit name");
  UnitSearch search;
  search.name = isUnitDirectory(name) ? name : name + ".service";
  for (const CgroupMount& mount : mounts) {
    search.walk(mount.path, 0);
    if (search.found.empty()) continue;
    // Units of the system before those of users.
    std::stable_partition(search.found.begin(), search.found.end(), [](const std::string& path) {
      return path.find("/user.slice/") == std::string::npos;
    });
    const bool same_kind =
        search.found.size() > 1 && (search.found[0].find("/user.slice/") == std::string::npos) ==
                                       (search.found[1].find("/user.slice/") == std::string::npos);
    if (same_kind) {
      throw UsageError("several units are called " + search.name + ": " + search.found[0] + ", " +
                       search.found[1] + " (choose one with --cgroup)");
    }
    return search.found[0];
  }
  if (!search.any_unit) {
    throw RecordError("cannot find unit " + name +
                      ": systemd does not run here (use -p PID or --cgroup PATH)");
  }
  throw UsageError("no running unit " + search.name + " (systemctl status " + search.name + ")");
}

void requireProcesses(const std::vector<int>& pids) {
  for (int pid : pids) {
    if (pid <= 0) throw UsageError("'" + std::to_string(pid) + "' is no process id");
    if (::kill(pid, 0) == 0 || errno == EPERM) continue;
    throw RecordError("no process " + std::to_string(pid) + " (see ps -e)", 1);
  }
}

TargetSpec resolveTarget(const RecordOptions& options, const std::vector<CgroupMount>& mounts) {
  TargetSpec spec;
  spec.kind = options.target;
  switch (options.target) {
    case TargetKind::command:
      if (options.command.empty())
        throw UsageError("nothing to record: give a command, -p PID, --unit, --cgroup or -a");
      break;
    case TargetKind::pids: {
      if (options.pids.empty()) throw UsageError("-p needs a process id");
      requireProcesses(options.pids);
      const std::set<int> unique(options.pids.begin(), options.pids.end());
      spec.pids.assign(unique.begin(), unique.end());
      break;
    }
    case TargetKind::cgroup: spec.cgroup_path = resolveCgroup(options.cgroup, mounts); break;
    case TargetKind::unit: spec.cgroup_path = resolveUnit(options.unit, mounts); break;
    case TargetKind::all: break;
  }
  return spec;
}

std::string targetName(const RecordOptions& options) {
  switch (options.target) {
    case TargetKind::command:
      return asFileName(options.command.empty() ? "" : fs::path(options.command[0]).filename().string());
    case TargetKind::pids: {
      const std::string comm = options.pids.empty() ? "" : commOf(options.pids[0]);
      if (comm.empty()) return options.pids.empty() ? "trace" : "pid-" + std::to_string(options.pids[0]);
      return asFileName(comm + "-" + std::to_string(options.pids[0]));
    }
    case TargetKind::cgroup:
      return asFileName(fs::path(withoutTrailingSlash(options.cgroup)).filename().string());
    case TargetKind::unit: {
      const std::string suffix = ".service";
      return asFileName(endsWith(options.unit, suffix)
                            ? options.unit.substr(0, options.unit.size() - suffix.size())
                            : options.unit);
    }
    case TargetKind::all: return "system";
  }
  return "trace";
}

}  // namespace tarry
