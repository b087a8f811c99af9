#include "recorder/raw_resource_table.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

namespace tarry {

namespace {

// include/uapi/linux/magic.h, and those that live in the source only
constexpr uint64_t kAnonInodeFs = 0x09041934;
constexpr uint64_t kPipeFs = 0x50495045;
constexpr uint64_t kPidFs = 0x50494446;
constexpr uint64_t kSockFs = 0x534f434b;
constexpr uint64_t kTmpFs = 0x01021994;
constexpr uint64_t kHugetlbFs = 0x958458f6;
constexpr uint64_t kMqueueFs = 0x19800202;

constexpr int64_t kSweepNs = 30'000'000'000;
constexpr uint32_t kOthersStayEpochs = 4;

constexpr uint32_t kMinorBits = 20;
constexpr uint32_t kMinorMask = (1U << kMinorBits) - 1;

// Documentation/admin-guide/devices.txt: consoles and ttys, pseudo terminals, serial lines.
bool isTtyMajor(uint32_t major) {
  return major == 4 || major == 5 || (major >= 136 && major <= 143) || major == 166 || major == 188 ||
         major == 204 || major == 229;
}

ResourceKind anonymousKind(std::string_view name) {
  struct Class {
    std::string_view name;
    ResourceKind kind;
  };
  static constexpr std::array kClasses = {
      Class{"[eventfd]", ResourceKind::eventfd},       Class{"[eventpoll]", ResourceKind::epoll},
      Class{"[timerfd]", ResourceKind::timerfd},       Class{"[signalfd]", ResourceKind::signalfd},
      Class{"inotify", ResourceKind::inotify},         Class{"[fanotify]", ResourceKind::fanotify},
      Class{"[pidfd]", ResourceKind::pidfd},           Class{"[io_uring]", ResourceKind::io_uring},
      Class{"[perf_event]", ResourceKind::perf_event}, Class{"[userfaultfd]", ResourceKind::userfaultfd},
  };
  if (name.starts_with("bpf")) return ResourceKind::bpf;
  const auto it =
      std::find_if(kClasses.begin(), kClasses.end(), [name](const Class& c) { return c.name == name; });
  return it == kClasses.end() ? ResourceKind::anon : it->kind;
}

std::string_view firstName(std::string_view names) {
  return names.substr(0, names.find('\0'));
}

ResourceKind socketKind(uint16_t family) {
  switch (family) {
    case AF_INET:
    case AF_INET6: return ResourceKind::socket;
    case AF_UNIX: return ResourceKind::unix_socket;
    case AF_NETLINK: return ResourceKind::netlink;
    default: return ResourceKind::other_socket;
  }
}

}  // namespace

std::string joinNames(std::string_view names) {
  std::vector<std::string_view> parts;
  while (!names.empty()) {
    const size_t end = std::min(names.find('\0'), names.size());
    parts.push_back(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  std::string path;
  for (auto it = parts.rbegin(); it != parts.rend(); ++it) {
    path += '/';
    path += *it;
  }
  return path.empty() ? "/" : path;
}

ResourceKind kindOf(const rec_resource& head, std::string_view names) {
  if (head.is_socket != 0) return socketKind(head.socket.family);
  if (head.magic == kAnonInodeFs) return anonymousKind(firstName(names));
  if (head.magic == kPidFs) return ResourceKind::pidfd;
  if (head.magic == kMqueueFs && S_ISREG(head.mode)) return ResourceKind::message_queue;
  const bool memory = head.magic == kTmpFs || head.magic == kHugetlbFs;
  switch (head.mode & S_IFMT) {
    case S_IFREG:
      if (memory && head.detached != 0) {
        return firstName(names).starts_with("memfd:") ? ResourceKind::memfd : ResourceKind::memory;
      }
      if (memory && joinNames(names).starts_with("/dev/shm/")) return ResourceKind::memory;
      return ResourceKind::file;
    case S_IFDIR: return ResourceKind::dir;
    case S_IFLNK: return ResourceKind::symlink;
    case S_IFBLK: return ResourceKind::block_device;
    case S_IFCHR: return isTtyMajor(head.rdev >> kMinorBits) ? ResourceKind::tty : ResourceKind::device;
    case S_IFIFO: return head.magic == kPipeFs ? ResourceKind::pipe : ResourceKind::fifo;
    case S_IFSOCK: return ResourceKind::unix_socket;
    default: return ResourceKind::unknown;
  }
}

RawResourceTable::RawResourceTable() {
  // 36 35 98:0 /mnt1 /mnt2 rw,noatime … (proc_pid_mountinfo(5)); whole file systems only
  std::ifstream file("/proc/self/mountinfo");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string id, parent, device, root;
    Mount mount;
    words >> id >> parent >> device >> root >> mount.point;
    if (root == "/" && std::sscanf(device.c_str(), "%u:%u", &mount.major, &mount.minor) == 2) {
      mounts_.push_back(std::move(mount));
    }
  }
}

// A file that is known by its inode alone (the page fault's) has the names inside its file system. It was
// mostly opened or executed before, by a path that also holds where file systems are mounted otherwise
// than here: in a container, on overlayfs.
std::string RawResourceTable::filePath(const rec_resource& head, std::string_view names) const {
  std::string path = joinNames(names);
  if (head.no_mount == 0) return path;
  const auto known = by_inode_.find({head.dev, head.inode, head.generation});
  if (known != by_inode_.end()) return std::string(pathOf(*known->second));
  const uint32_t major = head.dev >> kMinorBits;
  const uint32_t minor = head.dev & kMinorMask;
  for (const Mount& mount : mounts_) {
    if (mount.major == major && mount.minor == minor) return mount.point == "/" ? path : mount.point + path;
  }
  return path;
}

void RawResourceTable::beginEpoch(uint32_t epoch) {
  epoch_ = epoch;
  defined_in_epoch_ = 0;
  ids_outdated_.merge(ids_before_);
  ids_before_ = std::move(ids_);
  ids_.clear();
}

void RawResourceTable::define(std::span<const uint8_t> record) {
  if (record.size() < sizeof(rec_resource)) return;
  rec_resource head{};
  std::memcpy(&head, record.data(), sizeof(head));
  const size_t text_size = std::min<size_t>(head.text_len, record.size() - sizeof(head));
  const std::string_view text(reinterpret_cast<const char*>(record.data()) + sizeof(head), text_size);
  if (head.resource_epoch > epoch_) beginEpoch(head.resource_epoch);
  ++defined_in_epoch_;
  ids_[head.id] = &intern(head, text);
}

RawResourceTable::Entries::value_type& RawResourceTable::intern(const rec_resource& head,
                                                                std::string_view text) {
  Resource resource;
  resource.kind = kindOf(head, text);
  resource.dev_major = head.dev >> kMinorBits;
  resource.dev_minor = head.dev & kMinorMask;
  resource.inode = head.inode;
  resource.generation = head.generation;
  resource.rdev_major = head.rdev >> kMinorBits;
  resource.rdev_minor = head.rdev & kMinorMask;
  std::string path;
  if (head.is_socket != 0) {
    const rec_socket& socket = head.socket;
    resource.family = socket.family;
    resource.sock_type = socket.type;
    resource.protocol = socket.protocol;
    resource.listening = socket.listening != 0;
    std::copy(std::begin(socket.local_addr), std::end(socket.local_addr), resource.local_addr.begin());
    std::copy(std::begin(socket.remote_addr), std::end(socket.remote_addr), resource.remote_addr.begin());
    resource.local_port = socket.local_port;
    resource.remote_port = socket.remote_port;
    resource.cookie = head.inode;  // the kernel's own exists only where somebody asked for it
    resource.peer_inode = socket.peer_inode;
    resource.peer_pid = socket.peer_pid;
    path = text;
    // a bound name ends with a NUL that is no part of it, an abstract one begins with one
    if (!path.empty() && path[0] != '\0') path.resize(std::strlen(path.c_str()));
  } else if (head.magic == kPidFs) {
    path = "[pidfd]";  // it has no name that could be walked to
  } else if (resource.kind == ResourceKind::memfd || resource.kind == ResourceKind::anon ||
             (head.detached != 0 && head.magic != kPipeFs)) {
    path = firstName(text);
  } else if (resource.kind != ResourceKind::pipe) {
    path = filePath(head, text);
  }

  rec_resource key = head;
  key.id = 0;
  key.resource_epoch = 0;
  key.text_len = 0;
  key.no_mount = 0;
  std::string content(reinterpret_cast<const char*>(&key), sizeof(key));
  content += path;
  const auto [it, is_new] = by_content_.try_emplace(std::move(content));
  it->second.epoch = epoch_;
  if (resource.kind == ResourceKind::file && head.no_mount == 0) {
    by_inode_[{head.dev, head.inode, head.generation}] = &*it;
  }
  if (is_new) {
    resource.id = ResourceId{++last_id_};
    it->second.resource = resource;
  }
  return *it;
}

// A record of the epoch before may come after the first of the next: it stands in the present one.
RawResourceTable::Entries::value_type* RawResourceTable::find(uint32_t kernel_id) const {
  for (const Ids* ids : {&ids_, &ids_before_, &ids_outdated_}) {
    if (const auto it = ids->find(kernel_id); it != ids->end()) return it->second;
  }
  return nullptr;
}

const Resource* RawResourceTable::describe(uint32_t kernel_id) const {
  const auto* const one = find(kernel_id);
  return one == nullptr ? nullptr : &one->second.resource;
}

ResourceId RawResourceTable::use(uint32_t kernel_id, TraceWriter& writer) {
  auto* const one = find(kernel_id);
  return one == nullptr ? ResourceId{} : use(*one, sweep_, writer);
}

ResourceId RawResourceTable::use(Entries::value_type& one, uint32_t sweep, TraceWriter& writer) {
  Entry& entry = one.second;
  entry.last_use = sweep;
  if (!entry.defined) {
    Resource resource = entry.resource;
    resource.path = path(one, writer);
    writer.define(resource);
    entry.defined = true;
  }
  return entry.resource.id;
}

// Has the same content as what the kernel side defines of it (define_socket() of recorder/bpf/resources.h).
ResourceId RawResourceTable::useSocket(uint64_t inode, const rec_socket& ends, TraceWriter& writer) {
  rec_resource head{};
  head.type = RT_RESOURCE;
  head.is_socket = 1;
  head.mode = S_IFSOCK;
  head.inode = inode;
  head.magic = kSockFs;
  head.socket = ends;
  return use(intern(head, {}), sweep_, writer);
}

std::string_view RawResourceTable::pathOf(const Entries::value_type& one) {
  return std::string_view(one.first).substr(sizeof(rec_resource));
}

StringId RawResourceTable::path(const Entries::value_type& one, TraceWriter& writer) {
  return writer.intern(pathOf(one));
}

StringId RawResourceTable::path(uint32_t kernel_id, TraceWriter& writer) const {
  const auto* const one = find(kernel_id);
  return one == nullptr ? StringId{} : path(*one, writer);
}

void RawResourceTable::tick(int64_t now_ns, TraceWriter& writer) {
  if (!ids_outdated_.empty()) forgetOutdated(writer);
  if (now_ns - last_sweep_ns_ < kSweepNs) return;
  last_sweep_ns_ = now_ns;
  for (auto& [content, one] : by_content_) {
    if (!one.defined || one.last_use + 1 >= sweep_) continue;
    writer.forget(one.resource.id);
    one.defined = false;
  }
  ++sweep_;
}

// Only after a batch: events that the kernel wrote before it took up the epoch may stand behind the
// definition that told of it.
void RawResourceTable::forgetOutdated(TraceWriter& writer) {
  ids_outdated_ = {};
  const auto is_outdated = [&](const Entry& one) {
    const bool is_file = one.resource.kind == ResourceKind::file || one.resource.kind == ResourceKind::dir;
    return one.epoch + (is_file ? 1 : kOthersStayEpochs) < epoch_;
  };
  std::erase_if(by_inode_, [&](const auto& item) { return is_outdated(item.second->second); });
  std::erase_if(by_content_, [&](const Entries::value_type& item) {
    const Entry& one = item.second;
    if (!is_outdated(one)) return false;
    if (one.defined) writer.forget(one.resource.id);
    return true;
  });
}

}  // namespace tarry
