#include "analyzer/wait_attribution.h"

#include <algorithm>

namespace tarry::analysis {
namespace {

using Stack = std::span<const std::string_view>;

// Kernel functions that tell why a task sleeps; matched as a prefix of a symbol in the stack. Names
// from mm/, fs/, block/, kernel/locking/ of Linux 5.15 to 6.18.
constexpr std::string_view kDiskFunctions[] = {
    "io_schedule",
    "folio_wait_bit",
    "wait_on_page_bit",
    "__lock_page",
    "folio_lock",
    "__folio_lock",
    "balance_dirty_pages",
    "submit_bio_wait",
    "blk_mq_get_tag",
    "__wait_on_buffer",
    "wait_on_buffer",
    "jbd2_",
    "do_get_write_access",
    "xlog_",
    "xfs_log_",
    "xfs_buf_",
    "btrfs_commit",
    "btrfs_wait_",
    "wait_for_commit",
    "wait_on_commit",
    "ext4_",
    "filemap_fdatawait",
    "file_write_and_wait",
    "blkdev_",
    "fuse_",
    "__fuse_",
    "request_wait_answer",
    "nfs_",
    "rpc_wait_bit",
    "p9_client_",
    "wb_wait_for_completion",
    "wait_sb_inodes",
    "sync_inodes_sb",
    "writeback_",
    "rq_qos_wait",
    "cifs_",
    "wbt_wait",
    "dio_await",
    "__iomap_dio_rw",
    "blkdev_direct_IO",
};
constexpr std::string_view kMemoryFunctions[] = {
    "try_to_free_pages",
    "shrink_",
    "__alloc_pages_slowpath",
    "mem_cgroup_handle_over_high",
    "mem_cgroup_throttle",
    "mem_cgroup_oom",
    "try_charge",
    "throttle_direct_reclaim",
    "do_swap_page",
    "swap_readpage",
    "swap_read_folio",
    "oom_kill",
    "out_of_memory",
    "kcompactd",
    "compact_zone",
    "congestion_wait",
    "reclaim_throttle",
    "handle_userfault",
};
constexpr std::string_view kLockFunctions[] = {
    "rwsem_down_",
    "__mutex_lock",
    "mutex_lock",
    "down_read",
    "down_write",
    "rt_mutex_",
    "__rt_mutex_",
    "percpu_down_write",
    "percpu_rwsem_wait",
    // Until all who may still read have left: the writer's side of RCU.
    "synchronize_rcu",
    "synchronize_srcu",
    "__synchronize_srcu",
    "__wait_rcu_gp",
    "rcu_barrier",
    "exp_funnel_lock",
    "srcu_barrier",
};
constexpr std::string_view kIpcFunctions[] = {"pipe_", "anon_pipe_", "fifo_open", "wait_for_partner",
                                              "unix_"};
// The first process of a pid namespace outlives all others in it (kernel/pid_namespace.c).
constexpr std::string_view kChildFunctions[] = {"wait_for_vfork_done", "do_wait", "zap_pid_ns_processes",
                                                "kernel_wait"};
constexpr std::string_view kNetworkFunctions[] = {"inet_", "tcp_", "udp_", "sk_wait_data", "sk_stream_wait"};
constexpr std::string_view kTerminalFunctions[] = {"n_tty_", "tty_"};

bool startsWithAny(std::string_view symbol, std::span<const std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return symbol.starts_with(prefix); });
}

// What the kernel stack alone says.
WaitKind kindOfStack(Stack stack) {
  // Reclaim waits for the disk and for locks, and is why: look for it in the whole stack first.
  for (const std::string_view symbol : stack) {
    if (startsWithAny(symbol, kMemoryFunctions)) return WaitKind::memory;
  }
  for (const std::string_view symbol : stack) {
    if (startsWithAny(symbol, kDiskFunctions)) return WaitKind::disk;
    if (startsWithAny(symbol, kChildFunctions)) return WaitKind::child;
    if (startsWithAny(symbol, kLockFunctions)) return WaitKind::lock;
    if (startsWithAny(symbol, kIpcFunctions)) return WaitKind::ipc;
    if (startsWithAny(symbol, kNetworkFunctions)) return WaitKind::network;
    if (startsWithAny(symbol, kTerminalFunctions)) return WaitKind::terminal;
  }
  return WaitKind::unknown;
}

bool isStorage(const EvidenceResource& object) {
  if (object.pseudo) return false;
  switch (object.kind) {
    case ResourceKind::file:
    case ResourceKind::dir:
    case ResourceKind::symlink:
    case ResourceKind::block_device: return true;
    default: return false;
  }
}

// A wait on it is of which kind.
WaitKind kindOf(const EvidenceResource& object) {
  return object.pseudo ? WaitKind::unknown : kindOfResource(object.kind);
}

// The first object that can make a thread wait: of splice's two the one that is not a file.
EvidenceResource waitingObject(const WaitEvidence& e) {
  for (const EvidenceResource& object : e.objects) {
    if (object && !isStorage(object) && kindOf(object) != WaitKind::unknown) return object;
  }
  return e.resource;
}

EvidenceResource storageObject(const WaitEvidence& e) {
  for (const EvidenceResource& object : e.objects) {
    if (object && isStorage(object)) return object;
  }
  return isStorage(e.resource) ? e.resource : EvidenceResource{};
}

// Ended by whom: for waits that do not know their own fd.
WaitVerdict fromWaker(const WaitEvidence& e) {
  if (!e.woken) return {};
  switch (e.waker_context) {
    case WakerContext::timer: return {WaitKind::sleep, {}};
    case WakerContext::network: return {WaitKind::network, e.waker_resource.id};
    case WakerContext::disk: return {WaitKind::disk, {}};
    case WakerContext::thread: {
      const EvidenceResource& seen = e.waker_other_end ? e.waker_other_end : e.waker_resource;
      const WaitKind kind = kindOfResource(seen.kind);
      if (kind == WaitKind::unknown || kind == WaitKind::disk) return {};
      // Both ends of a pipe or eventfd are one resource; a socket's other end is not this thread's.
      const bool shared =
          e.waker_resource.kind != ResourceKind::socket && e.waker_resource.kind != ResourceKind::unix_socket;
      if (e.waker_other_end) return {kind, e.waker_other_end.id};
      return {kind, shared ? e.waker_resource.id : ResourceId{}};
    }
    case WakerContext::unknown:
    case WakerContext::hardirq:
    case WakerContext::softirq:
      // A socket that got data names itself whatever the interrupt was.
      if (e.waker_resource.kind == ResourceKind::socket) return {WaitKind::network, e.waker_resource.id};
      return {};
  }
  return {};
}

// Nothing came in time. A wait for one connection that owes an answer was a wait for that, given up or
// taken up again; otherwise it was a pause.
WaitVerdict nothingCame(const WaitEvidence& e) {
  const bool connection =
      e.only_fd.kind == ResourceKind::socket || e.only_fd.kind == ResourceKind::unix_socket;
  if (!connection) return {WaitKind::sleep, {}};
  return {e.owed ? kindOfResource(e.only_fd.kind) : WaitKind::sleep, e.only_fd.id};
}

WaitVerdict multiplexed(const WaitEvidence& e) {
  if (e.finished && e.result == 0) return nothingCame(e);
  if (e.finished && e.result < 0) {
    // EINTR and ERESTART*: a signal ended it. Anything else failed without having waited for an fd.
    return {WaitKind::signal, {}};
  }
  const EvidenceResource* best = nullptr;
  for (const EvidenceResource& ready : e.ready) {
    if (!ready) continue;
    if (best == nullptr) best = &ready;
    if (ready.id == e.waker_resource.id || (e.waker_other_end && ready.id == e.waker_other_end.id)) {
      best = &ready;
      break;
    }
  }
  if (best != nullptr) return {kindOfResource(best->kind), best->id};
  const WaitVerdict by_waker = fromWaker(e);
  // At level syscalls a wait that a timer interrupt ended with an fd ready waited for a timerfd.
  if (by_waker.kind == WaitKind::sleep && !e.finished) return nothingCame(e);
  if (by_waker.kind != WaitKind::unknown) {
    // The waker has touched its own end of what this thread waits for, or an interrupt has: the same kind.
    // A time-out says nothing of a timerfd.
    const bool same = by_waker.kind == kindOfResource(e.only_fd.kind) && by_waker.kind != WaitKind::sleep;
    return same && !by_waker.resource ? WaitVerdict{by_waker.kind, e.only_fd.id} : by_waker;
  }
  if (e.only_fd) return {kindOfResource(e.only_fd.kind), e.only_fd.id};
  if (e.set.kind != ResourceKind::unknown) return {kindOfResource(e.set.kind), {}};
  if (e.habit != WaitKind::none) return {e.habit, {}};
  return {};
}

WaitVerdict byResource(const WaitEvidence& e) {
  const EvidenceResource object = waitingObject(e);
  if (object) {
    const WaitKind kind = kindOf(object);
    if (kind != WaitKind::unknown) return {kind, object.id};
  }
  const WaitVerdict by_waker = fromWaker(e);
  if (by_waker.kind != WaitKind::unknown && by_waker.kind != WaitKind::sleep) return by_waker;
  return {kindOfStack(e.kernel_stack), object.id};
}

// Did its own time-out end a futex wait? The result says so; without one (level waits) the timer
// interrupt does.
bool timedOut(const WaitEvidence& e) {
  constexpr int64_t kEtimedout = 110;
  if (e.finished) return e.result == -kEtimedout;
  return e.woken && e.waker_context == WakerContext::timer;
}

// Kernel threads wait for work, or until it is time to look for some, and have no call that tells. Only
// sleeps that cannot be interrupted are waits for something they need.
WaitVerdict kernelThread(const WaitEvidence& e) {
  if (e.in_iowait) return {WaitKind::disk, e.resource.id};
  if (e.state == TaskState::uninterruptible) {
    const WaitKind by_stack = kindOfStack(e.kernel_stack);
    if (by_stack != WaitKind::unknown) return {by_stack, e.resource.id};
    if (e.woken && e.waker_context == WakerContext::disk) return {WaitKind::disk, {}};
  }
  const bool by_timer = e.woken && e.waker_context == WakerContext::timer;
  return {by_timer ? WaitKind::sleep : WaitKind::unknown, {}, true};
}

WaitVerdict inCall(const WaitEvidence& e) {
  switch (e.call->wait) {
    case WaitCall::futex:
      // A condition variable or semaphore on which nothing came in time is a pause, as an empty poll is.
      if (timedOut(e) && !isHeldLock(*e.call, e.args)) return {WaitKind::sleep, {}};
      return {WaitKind::lock, {}};
    case WaitCall::sleep: return {WaitKind::sleep, {}};
    case WaitCall::child: return {WaitKind::child, {}};
    case WaitCall::signal: return {WaitKind::signal, {}};
    case WaitCall::file_lock: return {WaitKind::lock, e.resource.id};
    case WaitCall::fcntl:
      if (isLockCommand(e.args[1])) return {WaitKind::lock, e.resource.id};
      break;
    case WaitCall::message: return {WaitKind::ipc, e.resource.id};
    case WaitCall::sync: return {WaitKind::disk, e.resource.id};
    case WaitCall::poll:
    case WaitCall::epoll: return multiplexed(e);
    case WaitCall::spawn: {
      // clone without CLONE_VFORK does not wait; if it sleeps, then for a lock or for memory.
      const WaitKind by_stack = kindOfStack(e.kernel_stack);
      if (by_stack != WaitKind::unknown) return {by_stack, {}};
      constexpr int64_t kCloneVfork = 0x4000;
      const bool flags_known = e.call->name.text == "clone";
      if (!flags_known || (e.args[0] & kCloneVfork) != 0) return {WaitKind::child, {}};
      return {};
    }
    case WaitCall::async_io: {
      const WaitVerdict by_waker = fromWaker(e);
      if (by_waker.kind != WaitKind::unknown) return by_waker;
      return {kindOfStack(e.kernel_stack), e.resource.id};
    }
    case WaitCall::open:
    case WaitCall::path:
    case WaitCall::exec: {
      // What it sleeps on is behind the path: a FIFO or a terminal that was opened, or storage.
      const EvidenceResource object = waitingObject(e);
      const WaitKind kind = kindOf(object);
      if (object && !isStorage(object) && kind != WaitKind::unknown) return {kind, object.id};
      const WaitKind by_stack = kindOfStack(e.kernel_stack);
      if (by_stack != WaitKind::unknown) return {by_stack, storageObject(e).id};
      const WaitVerdict by_waker = fromWaker(e);
      if (by_waker.kind != WaitKind::unknown) return by_waker;
      return {e.finished && storageObject(e) ? WaitKind::disk : WaitKind::unknown, storageObject(e).id};
    }
    case WaitCall::connect:
    case WaitCall::accept:
    case WaitCall::send:
    case WaitCall::receive:
    case WaitCall::other: break;
  }
  return byResource(e);
}

// Uninterruptible sleeps are the kernel's own: storage, memory, its locks.
std::optional<WaitVerdict> uninterruptible(const WaitEvidence& e) {
  if (e.in_iowait) return WaitVerdict{WaitKind::disk, storageObject(e).id};
  const WaitKind by_stack = kindOfStack(e.kernel_stack);
  if (by_stack != WaitKind::unknown) {
    const bool storage = by_stack == WaitKind::disk || by_stack == WaitKind::lock;
    return WaitVerdict{by_stack, storage ? storageObject(e).id : e.resource.id};
  }
  if (e.call == nullptr) {
    return isStorage(e.resource) ? WaitVerdict{WaitKind::disk, e.resource.id}
                                 : WaitVerdict{WaitKind::memory, {}};
  }
  if (e.woken && e.waker_context == WakerContext::disk)
    return WaitVerdict{WaitKind::disk, storageObject(e).id};
  switch (e.call->wait) {
    case WaitCall::open:
    case WaitCall::path:
    case WaitCall::sync: return WaitVerdict{WaitKind::disk, storageObject(e).id};
    case WaitCall::exec:
      // Also the move to another CPU (sched_exec() in kernel/sched/core.c) and the end of the other
      // threads (de_thread() in fs/exec.c): I/O has shown above.
      return WaitVerdict{};
    case WaitCall::send:
    case WaitCall::receive:
    case WaitCall::other:
      if (const EvidenceResource file = storageObject(e)) return WaitVerdict{WaitKind::disk, file.id};
      return std::nullopt;
    default: return std::nullopt;
  }
}

}  // namespace

WaitKind kindOfResource(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::socket:
    case ResourceKind::other_socket: return WaitKind::network;
    case ResourceKind::unix_socket:
    case ResourceKind::netlink:
    case ResourceKind::pipe:
    case ResourceKind::fifo:
    case ResourceKind::eventfd:
    case ResourceKind::signalfd:
    case ResourceKind::message_queue:
    case ResourceKind::inotify:
    case ResourceKind::fanotify: return WaitKind::ipc;
    case ResourceKind::file:
    case ResourceKind::dir:
    case ResourceKind::symlink:
    case ResourceKind::block_device: return WaitKind::disk;
    case ResourceKind::tty: return WaitKind::terminal;
    case ResourceKind::timerfd: return WaitKind::sleep;
    case ResourceKind::pidfd: return WaitKind::child;
    case ResourceKind::device:
    case ResourceKind::perf_event:
    case ResourceKind::bpf: return WaitKind::device;
    case ResourceKind::memfd:
    case ResourceKind::userfaultfd:
    case ResourceKind::memory: return WaitKind::memory;
    case ResourceKind::epoll:
    case ResourceKind::io_uring:
    case ResourceKind::anon:
    case ResourceKind::unknown: return WaitKind::unknown;
  }
  return WaitKind::unknown;
}

namespace {

// include/uapi/linux/futex.h
constexpr int64_t kFutexCommandMask = 0x7f;
constexpr int64_t kFutexWait = 0;
constexpr int64_t kFutexWaitBitset = 9;

bool isFutexWithCommand(const CallTraits& call) {
  return call.name.text == "futex" || call.name.text == "futex_time64";
}

bool isTid(uint32_t value) {
  constexpr uint32_t kPidMaxLimit = 1U << 22U;  // include/linux/threads.h
  return value > 0 && value <= kPidMaxLimit;
}

}  // namespace

bool isHeldLock(const CallTraits& call, const std::array<int64_t, kMaxArgs>& args) {
  if (!isFutexWithCommand(call)) return false;
  constexpr int64_t kLockPi = 6;
  constexpr int64_t kLockPi2 = 13;
  const int64_t command = args[1] & kFutexCommandMask;
  if (command == kLockPi || command == kLockPi2) return true;
  if (command != kFutexWait && command != kFutexWaitBitset) return false;
  constexpr uint32_t kContended = 2;
  constexpr uint32_t kReadWriteLock = 3;  // a futex in use and a phase, see nptl/pthread_rwlock_common.c
  constexpr uint32_t kWaiters = 0x80000000;
  constexpr uint32_t kTidMask = 0x3fffffff;
  const auto value = static_cast<uint32_t>(args[2]);
  if (value == kContended || (value == kReadWriteLock && command == kFutexWaitBitset)) return true;
  return (value & kWaiters) != 0 && isTid(value & kTidMask);
}

bool isThreadJoin(const CallTraits& call, const std::array<int64_t, kMaxArgs>& args) {
  constexpr int64_t kPrivate = 0x80;
  if (!isFutexWithCommand(call) || (args[1] & kPrivate) != 0) return false;
  return (args[1] & kFutexCommandMask) == kFutexWaitBitset && isTid(static_cast<uint32_t>(args[2]));
}

bool isLockCommand(int64_t command) {
  // F_SETLKW, F_SETLKW64, F_OFD_SETLKW (include/uapi/asm-generic/fcntl.h)
  return command == 7 || command == 14 || command == 38;
}

WaitVerdict attributeWait(const WaitEvidence& e) {
  if (e.state == TaskState::stopped || e.state == TaskState::traced) return {WaitKind::stopped, {}};
  if (e.state == TaskState::recorder) return {WaitKind::recorder, {}};
  if (e.kernel_thread) return kernelThread(e);
  switch (e.state) {
    case TaskState::uninterruptible:
      if (const auto verdict = uninterruptible(e)) return *verdict;
      break;
    case TaskState::unknown:
    case TaskState::runnable:
    case TaskState::sleeping:
    case TaskState::dead:
    case TaskState::idle:
    case TaskState::stopped:
    case TaskState::traced:
    case TaskState::parked:
    case TaskState::recorder:
      if (e.in_iowait) return {WaitKind::disk, storageObject(e).id};
      break;
  }
  if (e.call != nullptr) return inCall(e);
  const WaitKind by_stack = kindOfStack(e.kernel_stack);
  if (by_stack != WaitKind::unknown) return {by_stack, e.resource.id};
  if (isStorage(e.resource)) return {WaitKind::disk, e.resource.id};
  return fromWaker(e).kind == WaitKind::disk ? WaitVerdict{WaitKind::disk, {}} : WaitVerdict{};
}

}  // namespace tarry::analysis
