// What the trackers need to know of a system call beyond its arguments' types: how a thread waits in
// it, whether its result counts bytes, where its path stands.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "analyzer/text_pool.h"
#include "format/syscall_table.h"

namespace tarry::analysis {

struct MovingCall;

// How a thread can wait in a call: decides what its wait is attributed to.
enum class WaitCall : uint8_t {
  other,  // by the resource of its fd
  futex,
  sleep,   // nanosleep
  child,   // wait4, waitid
  spawn,   // vfork and clone with CLONE_VFORK
  signal,  // pause, sigsuspend, sigwait
  poll,    // poll and select: the ready fds are in the call's objects
  epoll,
  file_lock,  // flock
  fcntl,      // a lock with F_SETLKW
  message,    // System V and POSIX queues and semaphores
  sync,       // fsync and relatives
  connect,
  accept,
  send,     // also write
  receive,  // also read
  open,
  path,  // other calls on a path
  exec,
  async_io,  // io_getevents, io_uring_enter
};

// What a call does to the socket that it is about.
enum class SocketCall : uint8_t { none, create, pair, bind, listen, connect, accept, close };

struct CallTraits {
  const SyscallSpec* spec = nullptr;  // nullptr: not in the table
  int32_t nr = -1;
  Label name;
  Label abi;
  WaitCall wait = WaitCall::other;
  bool moves_bytes = false;  // a result >= 0 is a number of bytes
  SocketCall socket_call = SocketCall::none;
  const MovingCall* moving = nullptr;  // net/moved_bytes.h
  bool no_return = false;
  int8_t path_arg = -1;                        // first argument that is a path
  std::array<Label, kMaxArgs> object_roles{};  // role of an fd in that argument
};

class CallTraitsTable {
 public:
  explicit CallTraitsTable(TextPool& texts) : texts_(texts) {}
  // Never null; valid as long as this table.
  const CallTraits* find(Abi abi, int32_t nr);

 private:
  TextPool& texts_;
  std::unordered_map<uint64_t, std::unique_ptr<CallTraits>> traits_;
  uint64_t last_key_ = 0;
  const CallTraits* last_ = nullptr;
};

// "read", "read_write"-like words of an argument's role: arg0 ... arg5.
Label objectRoleName(ObjectRole role);

}  // namespace tarry::analysis
