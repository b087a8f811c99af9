#include "analyzer/call_traits.h"

#include <algorithm>

#include "analyzer/decode/render.h"
#include "analyzer/net/moved_bytes.h"

namespace tarry::analysis {
namespace {

SocketCall socketCallOf(std::string_view name) {
  static constexpr std::pair<std::string_view, SocketCall> kCalls[] = {
      {"socket", SocketCall::create},  {"socketpair", SocketCall::pair}, {"bind", SocketCall::bind},
      {"listen", SocketCall::listen},  {"connect", SocketCall::connect}, {"accept", SocketCall::accept},
      {"accept4", SocketCall::accept}, {"close", SocketCall::close},
  };
  for (const auto& [known, what] : kCalls) {
    if (known == name) return what;
  }
  return SocketCall::none;
}

struct NamedWait {
  std::string_view name;
  WaitCall wait;
  bool moves_bytes = false;
};

// By name, because names are the same for every ABI.
constexpr NamedWait kWaits[] = {
    {"futex", WaitCall::futex},
    {"futex_time64", WaitCall::futex},
    {"futex_wait", WaitCall::futex},
    {"futex_waitv", WaitCall::futex},
    {"futex_requeue", WaitCall::futex},
    {"nanosleep", WaitCall::sleep},
    {"clock_nanosleep", WaitCall::sleep},
    {"clock_nanosleep_time64", WaitCall::sleep},
    {"wait4", WaitCall::child},
    {"waitid", WaitCall::child},
    {"waitpid", WaitCall::child},
    {"vfork", WaitCall::spawn},
    {"clone", WaitCall::spawn},
    {"clone3", WaitCall::spawn},
    {"pause", WaitCall::signal},
    {"sigsuspend", WaitCall::signal},
    {"rt_sigsuspend", WaitCall::signal},
    {"rt_sigtimedwait", WaitCall::signal},
    {"rt_sigtimedwait_time64", WaitCall::signal},
    {"poll", WaitCall::poll},
    {"ppoll", WaitCall::poll},
    {"ppoll_time64", WaitCall::poll},
    {"select", WaitCall::poll},
    {"_newselect", WaitCall::poll},
    {"pselect6", WaitCall::poll},
    {"pselect6_time64", WaitCall::poll},
    {"epoll_wait", WaitCall::epoll},
    {"epoll_wait_old", WaitCall::epoll},
    {"epoll_pwait", WaitCall::epoll},
    {"epoll_pwait2", WaitCall::epoll},
    {"flock", WaitCall::file_lock},
    {"fcntl", WaitCall::fcntl},
    {"fcntl64", WaitCall::fcntl},
    {"semop", WaitCall::message},
    {"semtimedop", WaitCall::message},
    {"semtimedop_time64", WaitCall::message},
    {"msgrcv", WaitCall::message},
    {"msgsnd", WaitCall::message},
    {"mq_timedsend", WaitCall::message},
    {"mq_timedsend_time64", WaitCall::message},
    {"mq_timedreceive", WaitCall::message, true},
    {"mq_timedreceive_time64", WaitCall::message, true},
    {"ipc", WaitCall::message},
    {"fsync", WaitCall::sync},
    {"fdatasync", WaitCall::sync},
    {"sync", WaitCall::sync},
    {"syncfs", WaitCall::sync},
    {"msync", WaitCall::sync},
    {"sync_file_range", WaitCall::sync},
    {"connect", WaitCall::connect},
    {"accept", WaitCall::accept},
    {"accept4", WaitCall::accept},
    {"read", WaitCall::receive, true},
    {"pread64", WaitCall::receive, true},
    {"readv", WaitCall::receive, true},
    {"preadv", WaitCall::receive, true},
    {"preadv2", WaitCall::receive, true},
    {"recv", WaitCall::receive, true},
    {"recvfrom", WaitCall::receive, true},
    {"recvmsg", WaitCall::receive, true},
    {"recvmmsg", WaitCall::receive},
    {"recvmmsg_time64", WaitCall::receive},
    {"write", WaitCall::send, true},
    {"pwrite64", WaitCall::send, true},
    {"writev", WaitCall::send, true},
    {"pwritev", WaitCall::send, true},
    {"pwritev2", WaitCall::send, true},
    {"send", WaitCall::send, true},
    {"sendto", WaitCall::send, true},
    {"sendmsg", WaitCall::send, true},
    {"sendmmsg", WaitCall::send},
    {"sendfile", WaitCall::send, true},
    {"sendfile64", WaitCall::send, true},
    {"splice", WaitCall::other, true},
    {"tee", WaitCall::other, true},
    {"vmsplice", WaitCall::send, true},
    {"copy_file_range", WaitCall::other, true},
    {"process_vm_readv", WaitCall::other, true},
    {"process_vm_writev", WaitCall::other, true},
    {"open", WaitCall::open},
    {"openat", WaitCall::open},
    {"openat2", WaitCall::open},
    {"creat", WaitCall::open},
    {"execve", WaitCall::exec},
    {"execveat", WaitCall::exec},
    {"io_getevents", WaitCall::async_io},
    {"io_pgetevents", WaitCall::async_io},
    {"io_pgetevents_time64", WaitCall::async_io},
    {"io_uring_enter", WaitCall::async_io},
};

constexpr std::array<std::string_view, kMaxArgs> kArgNames = {"arg0", "arg1", "arg2", "arg3", "arg4", "arg5"};

void fillFromSpec(CallTraits& traits, const SyscallSpec& spec) {
  const auto* named = std::find_if(std::begin(kWaits), std::end(kWaits),
                                   [&](const NamedWait& wait) { return wait.name == spec.name; });
  if (named != std::end(kWaits)) {
    traits.wait = named->wait;
    traits.moves_bytes = named->moves_bytes;
  } else if ((spec.classes & kClassFile) != 0) {
    traits.wait = WaitCall::path;
  }
  traits.moving = findMovingCall(spec.name);
  traits.socket_call = socketCallOf(spec.name);
  traits.no_return = spec.no_return;
  int dirfds = 0;
  for (size_t i = 0; i < kMaxArgs; i++) {
    const ArgType type = spec.args[i].type;
    if (type == ArgType::path && traits.path_arg < 0) traits.path_arg = static_cast<int8_t>(i);
    if (type == ArgType::dirfd) dirfds++;
  }
  int seen = 0;
  for (size_t i = 0; i < kMaxArgs; i++) {
    if (spec.args[i].type != ArgType::dirfd) continue;
    seen++;
    traits.object_roles[i] = Label(dirfds == 1 ? "dirfd" : seen == 1 ? "old" : "new");
  }
}

}  // namespace

Label objectRoleName(ObjectRole role) {
  switch (role) {
    case ObjectRole::arg0:
    case ObjectRole::arg1:
    case ObjectRole::arg2:
    case ObjectRole::arg3:
    case ObjectRole::arg4:
    case ObjectRole::arg5: return Label(kArgNames[static_cast<size_t>(role)]);
    case ObjectRole::returned: return Label("returned");
    case ObjectRole::returned2: return Label("returned2");
    case ObjectRole::cwd: return Label("cwd");
    case ObjectRole::ready: return Label("ready");
    case ObjectRole::root: return Label("root");
  }
  return Label("unknown");
}

const CallTraits* CallTraitsTable::find(Abi abi, int32_t nr) {
  const uint64_t key = (static_cast<uint64_t>(abi) << 32U) | static_cast<uint32_t>(nr);
  if (last_ != nullptr && key == last_key_) return last_;
  std::unique_ptr<CallTraits>& slot = traits_[key];
  if (slot == nullptr) {
    slot = std::make_unique<CallTraits>();
    for (size_t i = 0; i < kMaxArgs; i++) slot->object_roles[i] = Label(kArgNames[i]);
    slot->nr = nr;
    slot->abi = Label(abiName(abi));
    slot->spec = findSyscall(abi, nr);
    if (slot->spec != nullptr) {
      slot->name = Label(slot->spec->name);
      fillFromSpec(*slot, *slot->spec);
    } else {
      SyscallEvent unknown;
      unknown.abi = abi;
      unknown.nr = nr;
      slot->name = texts_.intern(callName(unknown));
    }
  }
  last_key_ = key;
  last_ = slot.get();
  return last_;
}

}  // namespace tarry::analysis
