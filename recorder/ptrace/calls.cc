#include "recorder/ptrace/calls.h"

#include <elf.h>
#include <linux/audit.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "format/syscall_groups.h"
#include "format/syscall_table.h"
#include "recorder/host_info.h"
#include "recorder/ptrace/socket_facts.h"

namespace tarry::ptracing {

namespace {

constexpr uint64_t kX32Bit = 0x40000000;  // arch/x86/include/uapi/asm/unistd.h
constexpr uint32_t kSnaplenMax = 16 * 1024;

uint8_t abiOf(uint32_t arch, uint64_t nr) {
  switch (arch) {
    case AUDIT_ARCH_X86_64: return (nr & kX32Bit) != 0 ? ABI_X32 : ABI_X86_64;
    case AUDIT_ARCH_I386: return ABI_I386;
    case AUDIT_ARCH_AARCH64: return ABI_AARCH64;
    default: return ABI_NONE;
  }
}

uint32_t resourceOfFd(void* owner, uint32_t fd);

// An fd that the call copies, -1: it makes a new object.
int copiedFd(const OpenCall& call) {
  const SyscallSpec* spec = findSyscall(static_cast<Abi>(call.abi), call.nr);
  if (spec == nullptr) return -1;
  const std::string_view name = spec->name;
  const bool copies =
      name == "dup" || name == "dup2" || name == "dup3" || name == "fcntl" || name == "fcntl64";
  return copies ? static_cast<int>(call.args[0]) : -1;
}

// Calls that show which CPUs the thread may use, or hand that on.
const SyscallSet& showingAffinity() {
  static const SyscallSet set = SyscallSet::parse(
      "?sched_getaffinity,?sched_setaffinity,?clone,?clone3,?fork,?vfork,?sched_setscheduler");
  return set;
}

bool isClose(const OpenCall& call) {
  static const SyscallSet set = SyscallSet::parse("close");
  return set.contains(static_cast<Abi>(call.abi), call.nr);
}

bool isConnect(const OpenCall& call) {
  const SyscallSpec* spec = findSyscall(static_cast<Abi>(call.abi), call.nr);
  return spec != nullptr && spec->name == "connect";
}

}  // namespace

struct FdOwner {
  ResourceFinder* resources;
  const Tracee* tracee;
};

namespace {
void putRecord(void* sink, const void* record, size_t size) {
  static_cast<RecordSink*>(sink)->eventBytes({static_cast<const uint8_t*>(record), size});
}

uint32_t resourceOfFd(void* owner, uint32_t fd) {
  const auto* one = static_cast<const FdOwner*>(owner);
  return one->resources->ofFd(*one->tracee, static_cast<int>(fd));
}
}  // namespace

Calls::Calls(RecordSink& sink, ResourceFinder& resources, const CapturePlan& plan, Level level,
             int64_t snaplen, const SyscallSet* wanted)
    : sink_(sink),
      resources_(resources),
      plan_(plan),
      keeps_fds_(callsThatKeepFds()),
      records_calls_(level != Level::waits),
      wanted_(wanted) {
  const int64_t most = kSnaplenMax;
  capture_.snaplen = static_cast<uint32_t>(snaplen < 0 ? most : std::min(snaplen, most));
  capture_.resource_of_fd = resourceOfFd;
  capture_.put_parts = putRecord;
  capture_.put_owner = &sink_;
  most_of_channels_ = snaplen < 0 ? UINT64_MAX : static_cast<uint64_t>(snaplen);
}

void Calls::prepare(Tracee& tracee, uint64_t stack_pointer) {
  const OpenCall& call = tracee.call;
  capture_.tid = tracee.tid;
  capture_.abi = call.abi;
  capture_.retry = call.retry;
  capture_.messages = call.messages;
  capture_.thread = call.data_thread;
  capture_.call_seq = call.data_seq;
  capture_.stack_pointer = stack_pointer;
  std::copy(std::begin(call.args), std::end(call.args), std::begin(capture_.args));
}

void Calls::enter(Tracee& tracee, const __ptrace_syscall_info& info) {
  OpenCall& call = tracee.call;
  const bool silent = tracee.launching;
  call = OpenCall{};
  call.open = true;
  call.nr = static_cast<int32_t>(info.entry.nr);
  call.abi = abiOf(info.arch, info.entry.nr);
  std::copy(std::begin(info.entry.args), std::end(info.entry.args), std::begin(call.args));
  call.shape = plan_.find(call.abi, call.nr);
  const auto abi = static_cast<Abi>(call.abi);
  call.shows_affinity = showingAffinity().contains(abi, call.nr);
  call.changes_fds = !keeps_fds_.contains(abi, call.nr);
  if (call.changes_fds) resources_.mayHaveChanged();
  call.epoch = sink_.epoch();
  if (silent) {
    const SyscallSpec* spec = findSyscall(abi, call.nr);
    if (spec == nullptr || !spec->name.starts_with("execve")) {
      call.silent = true;
      return;
    }
    tracee.launching = false;
  }
  if (call.shape != nullptr && call.shape->plan.sets == SETS_SELECT) {
    call.has_select_sets = true;
    for (size_t i = 0; i < 3; ++i) {
      const uint64_t address = call.args[1 + i];
      if (address != 0 && !capture_read(tracee.tid, &call.select_sets[i], sizeof(uint64_t), address))
        call.has_select_sets = false;
    }
  }
  call.unwanted = !records_calls_ || (wanted_ != nullptr && !wanted_->contains(abi, call.nr));
  if (call.unwanted) return;
  call.seq = ++tracee.call_seq;
  call.data_thread = tracee.id;
  call.data_seq = call.seq;
  if (call.shape == nullptr) return;
  lookUpArguments(tracee, false);
  if (isClose(call)) tellConnection(tracee, static_cast<int>(call.args[0]), call.res[RES_FIRST]);
  if ((call.shape->plan.flags & PLAN_ENTER_PARTS) != 0) takeAtEnter(tracee, info.stack_pointer);
}

void Calls::lookUpArguments(Tracee& tracee, bool changed) {
  OpenCall& call = tracee.call;
  for (size_t slot = 0; slot < 2; ++slot) {
    const uint8_t arg = call.shape->plan.fd_arg[slot];
    if (arg < MAX_ARGS) call.res[slot] = resources_.ofFd(tracee, static_cast<int>(call.args[arg]), changed);
  }
}

void Calls::takeAtEnter(Tracee& tracee, uint64_t stack_pointer) {
  OpenCall& call = tracee.call;
  FdOwner owner{&resources_, &tracee};
  capture_.owner = &owner;
  prepare(tracee, stack_pointer);
  const captured parts = capture_at_enter(&capture_, &call.shape->plan, sizeof(rec_enter_data));
  call.retry = capture_.retry;
  call.messages = capture_.messages;
  call.data = capture_.put;
  uint32_t end = parts.end;
  if (parts.absolute) {
    if (const uint32_t root = resources_.changedRoot(tracee.tid))
      end = capture_put_root(&capture_, root, end);
  }
  if (parts.relative && capture_is_from_cwd(&capture_, &call.shape->plan)) {
    call.res[RES_CWD] = resources_.ofLink(tracee.tid, "cwd");
  }
  if (end == sizeof(rec_enter_data)) return;
  rec_enter_data head{};
  head.type = RT_ENTER_DATA;
  head.place = call.data != 0 ? PARTS_NEXT : PARTS_FIRST;
  head.thread = call.data_thread;
  head.call_seq = call.data_seq;
  auto* const bytes = reinterpret_cast<uint8_t*>(capture_.bytes);
  std::memcpy(bytes, &head, sizeof head);
  sink_.eventBytes({bytes, end});
  call.data = CALL_ENTER_DATA;
}

void Calls::takeRest(Tracee& tracee, int64_t result) {
  const OpenCall& call = tracee.call;
  // Most calls are smaller than that, and need not be asked what they were on.
  if (result <= CAPTURE_REST_FROM || !isChannel(tracee.tid, static_cast<int>(call.args[0]))) return;
  capture_rest(&capture_, &call.shape->plan, result, most_of_channels_, tracee.id, call.seq, putRecord,
               &sink_);
}

void Calls::lookUpResults(Tracee& tracee, int64_t result) {
  OpenCall& call = tracee.call;
  const call_plan& plan = call.shape->plan;
  if (capture_returns_fd(&capture_, &plan, result)) {
    call.res[RES_RETURNED] = resources_.ofNewFd(tracee, static_cast<int>(result), copiedFd(call));
  }
  int32_t pair[2];
  if ((plan.flags & PLAN_PAIR) != 0 && result == 0 && plan.pair_arg < MAX_ARGS &&
      capture_read(tracee.tid, pair, sizeof pair, call.args[plan.pair_arg])) {
    call.res[RES_RETURNED] = resources_.ofNewFd(tracee, pair[0], -1);
    call.res[RES_CWD] = resources_.ofNewFd(tracee, pair[1], -1);
  }
}

// A connection that came to nothing leaves no address in its socket. 0: it did not, or is none.
uint32_t Calls::unconnected(const Tracee& tracee) {
  const OpenCall& call = tracee.call;
  if (!isConnect(call)) return 0;
  uint8_t address[sizeof(sockaddr_storage)];
  const size_t size = std::min<size_t>(call.args[2], sizeof address);
  if (!capture_read(tracee.tid, address, size, call.args[1])) return 0;
  return resources_.ofUnconnected(tracee, static_cast<int>(call.args[0]), address, size);
}

void Calls::tellConnection(const Tracee& tracee, int fd, uint32_t resource) {
  const ResourceFinder::TcpSocket* const socket = resources_.connection(resource);
  rec_socket_event event{};
  if (socket == nullptr || !askConnection(tracee.process->pidfd.get(), fd, event)) return;
  event.type = RT_SOCKET;
  event.thread = tracee.id;
  event.socket = static_cast<uint32_t>(socket->inode);
  event.inode = socket->inode;
  event.ts_ns = static_cast<uint64_t>(bootTimeNs());
  event.ends = socket->ends;
  sink_.event(event);
}

void Calls::tellConnections(const Tracee& tracee) {
  for (const auto& [fd, known] : tracee.process->known_fds) {
    if (resources_.connection(known.resource) != nullptr)
      tellConnection(tracee, fd, resources_.ofFd(tracee, fd));  // it may have been closed, and be another now
  }
}

void Calls::exit(Tracee& tracee, int64_t result, int64_t now_ns) {
  OpenCall& call = tracee.call;
  if (!call.open) return;
  call.open = false;
  if (call.changes_fds) resources_.mayHaveChanged();
  if (call.silent || call.unwanted) return;
  if (call.shape == nullptr) {
    put(tracee, 0, result, now_ns, sizeof(rec_call));
    return;
  }
  const call_plan& plan = call.shape->plan;
  FdOwner owner{&resources_, &tracee};
  capture_.owner = &owner;
  prepare(tracee, 0);
  if ((plan.flags & PLAN_LATE_RESOURCE) != 0 || sink_.epoch() - call.epoch > 1) {
    lookUpArguments(tracee, true);
    if (result < 0) {
      if (const uint32_t id = unconnected(tracee)) call.res[RES_FIRST] = id;
    }
  }
  if ((plan.flags & (PLAN_RETURNS_FD | PLAN_PAIR)) != 0) lookUpResults(tracee, result);
  if (plan.rest_item != NO_ARG) takeRest(tracee, result);
  uint32_t end = sizeof(rec_call);
  if (call.retry != 0 || (plan.flags & PLAN_EXIT_PARTS) != 0) {
    end = capture_at_exit(&capture_, &plan, result, end);
    call.data |= capture_.put;
  }
  put(tracee, call.no_enter ? CALL_NO_ENTER : 0, result, now_ns, end);
}

void Calls::put(Tracee& tracee, uint8_t flags, int64_t result, int64_t now_ns, uint32_t end) {
  const OpenCall& call = tracee.call;
  rec_call head{};
  head.type = RT_CALL;
  head.abi = call.abi;
  head.flags = static_cast<uint8_t>(flags | call.data);
  head.thread = tracee.id;
  head.call_seq = call.seq;
  head.nr = call.nr;
  head.data_thread = call.data_thread;
  head.data_seq = call.data_seq;
  head.enter_ns = call.enter_ns;
  head.dur_ns = static_cast<uint64_t>(now_ns) - call.enter_ns;
  head.ret = result;
  std::copy(std::begin(call.args), std::end(call.args), std::begin(head.args));
  std::copy(std::begin(call.res), std::end(call.res), std::begin(head.res));
  auto* const bytes = reinterpret_cast<uint8_t*>(capture_.bytes);
  std::memcpy(bytes, &head, sizeof head);
  sink_.eventBytes({bytes, end});
}

void Calls::unfinished(Tracee& tracee, int64_t now_ns) {
  OpenCall& call = tracee.call;
  if (!call.open) return;
  call.open = false;
  if (call.silent || call.unwanted || call.enter_ns == 0) return;
  put(tracee, CALL_UNFINISHED, 0, now_ns, sizeof(rec_call));
}

void Calls::found(Tracee& tracee, const BlockedCall& found) {
  OpenCall& call = tracee.call;
  call = OpenCall{};
  call.nr = static_cast<int32_t>(found.nr);
#if defined(__aarch64__)
  call.abi = ABI_AARCH64;
#else
  call.abi = (found.nr & static_cast<int64_t>(kX32Bit)) != 0 ? ABI_X32 : ABI_X86_64;
#endif
  std::copy(std::begin(found.args), std::end(found.args), std::begin(call.args));
  call.shape = found.nr < 0 ? nullptr : plan_.find(call.abi, call.nr);
}

// include/uapi/asm-generic/poll.h; as the BPF side finds them (recorder/bpf/polled.h)
void Calls::findPolled(Tracee& tracee, rec_polled& polled) {
  const OpenCall& call = tracee.call;
  struct Entry {
    int32_t fd;
    int16_t events, revents;
  };
  constexpr size_t kBits = 64;
  const auto add = [&](int fd) {
    if (polled.count < POLLED_MAX) polled.resources[polled.count] = resources_.ofFd(tracee, fd);
    ++polled.count;
  };
  if (call.shape->plan.sets == SETS_POLL) {
    Entry entries[POLLED_MAX];
    const size_t count = call.args[1] & 0xffffffff;
    if (count == 0 || count > POLLED_MAX) return;
    if (!capture_read(tracee.tid, entries, count * sizeof(Entry), call.args[0])) return;
    for (const Entry& one : std::span(entries).first(count)) {
      if (one.fd >= 0 && (one.events != 0 || count == 1)) add(one.fd);
    }
  } else if (call.has_select_sets) {
    const size_t count = call.args[0] & 0xffffffff;
    if (count == 0 || count > kBits) return;
    uint64_t bits = call.select_sets[0] | call.select_sets[1] | call.select_sets[2];
    if (count < kBits) bits &= (uint64_t{1} << count) - 1;
    for (int fd = 0; bits != 0; ++fd, bits >>= 1) {
      if ((bits & 1) != 0) add(fd);
    }
  }
  if (polled.count > POLLED_MAX) polled.count = 0;
}

void Calls::describe(Tracee& tracee, rec_pending& pending, rec_polled& polled) {
  OpenCall& call = tracee.call;
  pending.nr = call.nr;
  if (call.nr < 0) return;
  pending.abi = call.abi;
  std::copy(std::begin(call.args), std::end(call.args), std::begin(pending.args));
  if (call.shape == nullptr) return;
  const call_plan& plan = call.shape->plan;
  const uint8_t arg = plan.fd_arg[0];
  if (arg < MAX_ARGS && (plan.fd_is_dir & 1) == 0) {
    const bool changes = (plan.flags & PLAN_LATE_RESOURCE) != 0;
    if (changes) pending.resource = unconnected(tracee);
    if (pending.resource == 0)
      pending.resource = resources_.ofFd(tracee, static_cast<int>(call.args[arg]), changes);
  }
  if (plan.sets != SETS_NONE) findPolled(tracee, polled);
}

void Calls::describe(Tracee& tracee, rec_switch_out_polled& out) {
  if (tracee.call.silent) return;
  describe(tracee, out.out.pending, out.polled);
}

uint8_t wakerByResult(const OpenCall& call, int64_t result) {
  const SyscallSpec* spec = findSyscall(static_cast<Abi>(call.abi), call.nr);
  if (spec == nullptr) return WAKER_UNKNOWN;
  const std::string_view name = spec->name;
  const auto is = [name](std::string_view begin) { return name.starts_with(begin); };
  bool timed_out = false;
  if (is("poll") || is("ppoll") || is("select") || is("_newselect") || is("pselect") || is("epoll_")) {
    timed_out = result == 0 && name != "epoll_ctl";
  } else if (is("nanosleep") || is("clock_nanosleep")) {
    timed_out = result == 0;
  } else if (is("futex") || is("mq_timed")) {
    timed_out = result == -ETIMEDOUT;
  } else if (is("rt_sigtimedwait") || is("semtimedop")) {
    timed_out = result == -EAGAIN;
  }
  return timed_out ? WAKER_TIMER : WAKER_UNKNOWN;
}

bool waitsForOthers(const OpenCall& call) {
  static const SyscallSet set = SyscallSet::parse(
      "?poll,?ppoll,?select,?_newselect,?pselect6,?epoll_wait,?epoll_pwait,?epoll_pwait2,?nanosleep,?clock_"
      "nanosleep,"
      "?futex,?futex_time64,?wait4,?waitid,?waitpid,?pause,?rt_sigsuspend,?rt_sigtimedwait,?accept,?accept4,?"
      "connect,"
      "?sendto,?sendmsg,?recvfrom,?recvmsg,?flock,?semop,?semtimedop,?msgrcv,?mq_timedreceive");
  return set.contains(static_cast<Abi>(call.abi), call.nr);
}

bool waitsForStorage(const OpenCall& call) {
  static const SyscallSet paths = SyscallSet::parse("%file");
  static const SyscallSet others = SyscallSet::parse("?open,?openat,?openat2,?creat,?execve,?execveat");
  const auto abi = static_cast<Abi>(call.abi);
  return paths.contains(abi, call.nr) && !others.contains(abi, call.nr);
}

bool mayRename(const OpenCall& call) {
  constexpr uint64_t kSetName = 15;  // include/uapi/linux/prctl.h
  if (call.args[0] != kSetName) return false;
  const SyscallSpec* spec = findSyscall(static_cast<Abi>(call.abi), call.nr);
  return spec != nullptr && spec->name == "prctl";
}

}  // namespace tarry::ptracing
