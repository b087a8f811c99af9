#include "recorder/bpf_cgroup.h"

#include <bpf/btf.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string_view>

#include "format/errors.h"

namespace tarry {

namespace {

constexpr long kCgroup1Magic = 0x27e0eb;  // include/uapi/linux/magic.h
constexpr long kCgroup2Magic = 0x63677270;

struct BtfDeleter {
  void operator()(btf* one) const { btf__free(one); }
};

// The kernel's number of a controller: enum cgroup_subsys_id { cpuset_cgrp_id, cpu_cgrp_id, … }.
int subsystemIndex(const btf& types, const std::string& controller) {
  const int id = btf__find_by_name_kind(&types, "cgroup_subsys_id", BTF_KIND_ENUM);
  if (id < 0) return -1;
  const btf_type* type = btf__type_by_id(&types, static_cast<uint32_t>(id));
  const struct btf_enum* values = btf_enum(type);
  const std::string wanted = (controller == "blkio" ? "io" : controller) + "_cgrp_id";
  for (uint16_t i = 0; i < btf_vlen(type); ++i) {
    if (wanted == btf__name_by_offset(&types, values[i].name_off)) return values[i].val;
  }
  return -1;
}

// The super options ("rw,cpu,cpuacct") of the mount a directory lies under.
std::string superOptions(const std::string& directory) {
  std::ifstream file("/proc/self/mountinfo");
  std::string line, options;
  size_t longest = 0;
  while (std::getline(file, line)) {
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream before(line), after(line.substr(dash + 3));
    std::string id, parent, device, root, point, type, source, super;
    before >> id >> parent >> device >> root >> point;
    after >> type >> source >> super;
    const bool under = directory == point || directory.starts_with(point + "/");
    if (type == "cgroup" && under && point.size() > longest) {
      longest = point.size();
      options = super;
    }
  }
  return options;
}

}  // namespace

CgroupTarget cgroupTarget(const std::string& path) {
  struct stat status {};
  struct statfs system {};
  if (::stat(path.c_str(), &status) != 0 || ::statfs(path.c_str(), &system) != 0) {
    throw RecordError("cannot record the cgroup " + path + ": " + std::strerror(errno));
  }
  CgroupTarget target;
  target.id = status.st_ino;  // of kernfs: the node's id
  if (system.f_type == kCgroup2Magic) return target;
  if (system.f_type != kCgroup1Magic) {
    throw RecordError("cannot record the cgroup " + path + ": it is no directory of a cgroup hierarchy");
  }
  const std::unique_ptr<btf, BtfDeleter> types(btf__load_vmlinux_btf());
  std::istringstream words(superOptions(std::filesystem::weakly_canonical(path).string()));
  std::string word;
  while (types && target.hierarchy < 0 && std::getline(words, word, ',')) {
    target.hierarchy = subsystemIndex(*types, word);
  }
  if (target.hierarchy < 0) {
    throw RecordError("cannot record the cgroup " + path +
                      ": its hierarchy has no controller (name the same cgroup under another mount)");
  }
  return target;
}

}  // namespace tarry
