#include "recorder/ptrace/resource_finder.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <charconv>
#include <cstring>
#include <vector>

#include "recorder/ptrace/proc_files.h"
#include "recorder/ptrace/socket_facts.h"

namespace tarry::ptracing {

namespace {

constexpr uint64_t kSockFs = 0x534F434B;  // include/uapi/linux/magic.h
constexpr uint64_t kAnonInodeFs = 0x09041934;
constexpr uint32_t kMinorBits = 20;

constexpr std::string_view kDeleted = " (deleted)";
constexpr std::string_view kAnonymous = "anon_inode:";
constexpr std::string_view kSocket = "socket:[";
constexpr std::string_view kPipe = "pipe:[";
constexpr std::string_view kMemfd = "/memfd:";

uint32_t kernelDevice(uint32_t major, uint32_t minor) {
  return major << kMinorBits | minor;
}

uint64_t numberIn(std::string_view text, size_t from) {
  uint64_t value = 0;
  std::from_chars(text.data() + from, text.data() + text.size(), value);
  return value;
}

// The fd as a name in /proc/PID/fd.
struct FdName {
  explicit FdName(int fd) { *std::to_chars(text, text + sizeof text - 1, fd).ptr = '\0'; }
  char text[16];
};

// Where the thread's fds are. A main thread that has ended keeps none, though others go on.
struct FdDirectory {
  explicit FdDirectory(const Tracee& tracee) {
    if (!tracee.process->leader_exiting && tracee.process->fds) {
      fd = tracee.process->fds.get();
      return;
    }
    own = UniqueFd(::open(procPath(tracee.tid, "fd").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    fd = own.get();
  }
  UniqueFd own;
  int fd = -1;
};

}  // namespace

std::string reversedNames(std::string_view path) {
  std::string names;
  while (!path.empty()) {
    const size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) break;
    if (slash + 1 < path.size()) {
      names += path.substr(slash + 1);
      names += '\0';
    }
    path = path.substr(0, slash);
  }
  return names;
}

uint32_t ResourceFinder::define(rec_resource& record, std::string_view text, const std::string& key) {
  record.type = RT_RESOURCE;
  record.id = ++last_id_;
  record.resource_epoch = epoch_;
  record.text_len = static_cast<uint32_t>(text.size());
  sink_.definition(record, text);
  by_key_.emplace(key, record.id);
  if (S_ISFIFO(record.mode)) pipes_.insert(record.id);
  return record.id;
}

void ResourceFinder::followEpoch() {
  if (sink_.epoch() == epoch_) return;
  epoch_ = sink_.epoch();
  by_key_.clear();
  pipes_.clear();
  connections_.clear();
  settled_sockets_.clear();
  mayHaveChanged();
}

// Everything but sockets. Without asking the file's server (network file systems): it may be what hangs.
uint32_t ResourceFinder::ofText(int directory_fd, const char* name, const std::string& text,
                                uint64_t object) {
  struct statx status {};
  const int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
  if (::statx(directory_fd, name, flags, STATX_TYPE | STATX_INO | STATX_NLINK | STATX_MODE, &status) < 0)
    return 0;
  std::string key = text;
  key += '\0';
  for (const uint64_t part : {uint64_t{kernelDevice(status.stx_dev_major, status.stx_dev_minor)},
                              uint64_t{status.stx_ino}, object}) {
    key.append(reinterpret_cast<const char*>(&part), sizeof part);
  }
  if (const auto known = by_key_.find(key); known != by_key_.end()) return known->second;

  rec_resource record{};
  record.mode = status.stx_mode;
  record.dev = kernelDevice(status.stx_dev_major, status.stx_dev_minor);
  record.rdev = kernelDevice(status.stx_rdev_major, status.stx_rdev_minor);
  record.inode = status.stx_ino;
  record.object = object;
  struct statfs file_system {};
  const std::string whole =
      directory_fd == AT_FDCWD ? name : "/proc/self/fd/" + std::to_string(directory_fd) + "/" + name;
  if (::statfs(whole.c_str(), &file_system) == 0) record.magic = static_cast<uint64_t>(file_system.f_type);

  std::string_view path = text;
  if (path.starts_with(kAnonymous)) {
    record.magic = kAnonInodeFs;
    record.detached = 1;
    return define(record, std::string(path.substr(kAnonymous.size())) + '\0', key);
  }
  if (path.starts_with(kPipe) || !path.starts_with('/')) {
    record.detached = 1;
    return define(record, "", key);
  }
  if (status.stx_nlink == 0 && path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
  if (path.starts_with(kMemfd)) {
    record.detached = 1;
    return define(record, std::string(path.substr(1)) + '\0', key);
  }
  return define(record, reversedNames(path), key);
}

uint64_t ResourceFinder::anonymousObject(const Tracee& tracee, int fd, const std::string& text) {
  AnonymousObjects::One& one = tracee.process->anonymous->by_fd[fd];
  if (one.text != text) one = {text, ++last_object_};
  return one.object;
}

uint32_t ResourceFinder::ofFd(const Tracee& tracee, int fd, bool changed) {
  if (fd < 0) return 0;
  followEpoch();
  if (!sees_all_calls_ || changed) return lookUpFd(tracee, fd, changed);
  KnownFd& known = tracee.process->known_fds[fd];
  if (known.generation == generation_) return known.resource;
  const uint32_t id = lookUpFd(tracee, fd, false);
  if (!last_is_open_ended_) known = {id, generation_};
  return id;
}

uint32_t ResourceFinder::lookUpFd(const Tracee& tracee, int fd, bool changed) {
  last_is_open_ended_ = false;
  const FdDirectory directory(tracee);
  const FdName name(fd);
  const std::optional<std::string> text = readLink(directory.fd, name.text);
  if (!text) return 0;
  if (text->starts_with(kSocket)) return socket(tracee, fd, numberIn(*text, kSocket.size()), changed);
  const uint64_t object = text->starts_with(kAnonymous) ? anonymousObject(tracee, fd, *text) : 0;
  return ofText(directory.fd, name.text, *text, object);
}

uint32_t ResourceFinder::ofNewFd(const Tracee& tracee, int fd, int copy_of) {
  auto& by_fd = tracee.process->anonymous->by_fd;
  by_fd.erase(fd);
  if (const auto source = by_fd.find(copy_of); copy_of >= 0 && source != by_fd.end()) {
    by_fd[fd] = source->second;
  }
  return ofFd(tracee, fd, true);
}

uint32_t ResourceFinder::defineSocket(uint64_t inode, const rec_socket& socket, std::string_view name) {
  std::string key(reinterpret_cast<const char*>(&socket), sizeof socket);
  key.append(reinterpret_cast<const char*>(&inode), sizeof inode);
  key += name;
  if (const auto known = by_key_.find(key); known != by_key_.end()) return known->second;
  rec_resource record{};
  record.is_socket = 1;
  record.mode = S_IFSOCK;
  record.inode = inode;
  record.magic = kSockFs;
  record.socket = socket;
  const uint32_t id = define(record, name, key);
  if (socket.protocol == IPPROTO_TCP && hasRemote(socket)) connections_[id] = {socket, inode};
  return id;
}

// The addresses of an internet socket that is not connected can change with any call, those of others
// only with calls that are looked at.
uint32_t ResourceFinder::socket(const Tracee& tracee, int fd, uint64_t inode, bool changed) {
  if (changed) settled_sockets_.erase(inode);
  if (const auto known = settled_sockets_.find(inode); known != settled_sockets_.end()) return known->second;
  SocketFacts facts;
  if (!findSocket(tracee.process->pid, tracee.process->pidfd.get(), fd, inode, facts))
    facts.socket.family = 0;
  const uint32_t id = defineSocket(inode, facts.socket, facts.name);
  const bool settled = !isInternet(facts.socket) || hasRemote(facts.socket) || facts.socket.listening != 0;
  if (settled && facts.socket.family != 0) settled_sockets_[inode] = id;
  else last_is_open_ended_ = true;
  return id;
}

uint32_t ResourceFinder::ofUnconnected(const Tracee& tracee, int fd, const void* address, size_t size) {
  followEpoch();
  const FdDirectory directory(tracee);
  const std::optional<std::string> text = readLink(directory.fd, FdName(fd).text);
  if (!text || !text->starts_with(kSocket)) return 0;
  const uint64_t inode = numberIn(*text, kSocket.size());
  SocketFacts facts;
  if (!findSocket(tracee.process->pid, tracee.process->pidfd.get(), fd, inode, facts)) return 0;
  if (!isInternet(facts.socket) || hasRemote(facts.socket) || !setRemote(facts.socket, address, size))
    return 0;
  return defineSocket(inode, facts.socket, facts.name);
}

uint32_t ResourceFinder::ofLink(pid_t tid, const char* link) {
  followEpoch();
  const std::string path = procPath(tid, link);
  const std::optional<std::string> text = readLink(AT_FDCWD, path.c_str());
  return text ? ofText(AT_FDCWD, path.c_str(), *text, 0) : 0;
}

uint32_t ResourceFinder::changedRoot(pid_t tid) {
  const std::optional<std::string> text = readLink(AT_FDCWD, procPath(tid, "root").c_str());
  return text && *text != "/" ? ofLink(tid, "root") : 0;
}

}  // namespace tarry::ptracing
