#include "recorder/ptrace/wakers.h"

#include <dirent.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <memory>
#include <span>
#include <string_view>

#include "format/syscall_table.h"
#include "recorder/capture/capture.h"
#include "recorder/ptrace/calls.h"
#include "recorder/ptrace/proc_files.h"

namespace tarry::ptracing {

namespace {

#if defined(__aarch64__)
constexpr Abi kNative = Abi::aarch64;
#else
constexpr Abi kNative = Abi::x86_64;
#endif

// include/linux/errno.h: what a call is ended with by a signal, as a tracer sees it.
constexpr int64_t kRestartSys = 512, kRestartNoIntr = 513, kRestartNoHand = 514, kRestartBlock = 516;

bool endedBySignal(int64_t result) {
  return result == -EINTR || result == -kRestartSys || result == -kRestartNoIntr ||
         result == -kRestartNoHand || result == -kRestartBlock;
}

bool isIn(const OpenCall& call, const SyscallSet& set) {
  return set.contains(static_cast<Abi>(call.abi), call.nr);
}

const SyscallSet& writing() {
  static const SyscallSet set = SyscallSet::parse("?write,?writev,?sendfile,?sendfile64");
  return set;
}
const SyscallSet& reading() {
  static const SyscallSet set = SyscallSet::parse("?read,?readv");
  return set;
}
const SyscallSet& closing() {
  static const SyscallSet set = SyscallSet::parse("?close");
  return set;
}
const SyscallSet& polling() {
  static const SyscallSet set = SyscallSet::parse("?poll,?ppoll");
  return set;
}
const SyscallSet& selecting() {
  static const SyscallSet set = SyscallSet::parse("?select,?pselect6,?_newselect");
  return set;
}
const SyscallSet& waiting() {
  static const SyscallSet set = SyscallSet::parse("?wait4,?waitpid");
  return set;
}
const SyscallSet& vforking() {
  static const SyscallSet set = SyscallSet::parse("?vfork");
  return set;
}
const SyscallSet& cloning() {
  static const SyscallSet set = SyscallSet::parse("?clone");
  return set;
}
const SyscallSet& cloningByStructure() {
  static const SyscallSet set = SyscallSet::parse("?clone3");
  return set;
}

Waker thread(const Tracee& tracee, int32_t nr, uint8_t abi) {
  Waker waker;
  waker.context = WAKER_THREAD;
  waker.thread = tracee.id;
  waker.nr = nr;
  waker.abi = abi;
  return waker;
}

}  // namespace

int32_t callOfEnd(int status) {
  static const int32_t exit_group = findSyscall(kNative, "exit_group")->nr;
  return WIFEXITED(status) ? exit_group : -1;
}

uint32_t Wakers::pipeOf(const Tracee& tracee, int fd) {
  const uint32_t resource = resources_.ofFd(tracee, fd);
  if (resources_.epoch() != epoch_) {  // in which a pipe has another number
    epoch_ = resources_.epoch();
    touches_.clear();
  }
  return resources_.isPipe(resource) ? resource : 0;
}

void Wakers::touched(uint32_t pipe, Side side, const Touch& touch) {
  Touch& known = touches_[keyOf(pipe, side, touch.moves)];
  // Of two that moved bytes while somebody waited nobody knows which one ended the wait.
  const bool by_another = touch.moves && known.moves && known.by.thread != touch.by.thread;
  const uint64_t another_ns = by_another ? known.ts_ns : known.another_ns;
  known = touch;
  known.another_ns = another_ns;
}

void Wakers::entered(const Tracee& tracee, int64_t now_ns) {
  const OpenCall& call = tracee.call;
  const bool reads = isIn(call, reading()), writes = isIn(call, writing()), closes = isIn(call, closing());
  if (!reads && !writes && !closes) return;
  const uint32_t pipe = pipeOf(tracee, static_cast<int>(call.args[0]));
  if (pipe == 0) return;
  Touch touch;
  touch.by = thread(tracee, call.nr, call.abi);
  touch.ts_ns = static_cast<uint64_t>(now_ns);
  touch.moves = !closes;
  if (reads || closes) touched(pipe, Side::reads, touch);
  if (writes || closes) touched(pipe, Side::writes, touch);
}

void Wakers::exiting(const Tracee& tracee, int status, int64_t now_ns) {
  const TracedProcess& process = *tracee.process;
  // The last thread's end closes them. Of several it is mostly the first one's.
  if (process.threads > 1 && tracee.tid != process.pid) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(procPath(tracee.tid, "fd").c_str()), ::closedir);
  if (!dir) return;
  Touch touch;
  touch.by = thread(tracee, callOfEnd(status), static_cast<uint8_t>(kNative));
  touch.ts_ns = static_cast<uint64_t>(now_ns);
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    int fd = -1;
    if (std::from_chars(name.data(), name.data() + name.size(), fd).ec != std::errc{}) continue;
    const uint32_t pipe = pipeOf(tracee, fd);
    if (pipe == 0) continue;
    touched(pipe, Side::reads, touch);
    touched(pipe, Side::writes, touch);
  }
}

// `side`: what the other end has to have done. Who got bytes, or room for them, was not woken by whoever
// closed the pipe soon after.
Waker Wakers::ofPipe(const Tracee& woken, int fd, Side side, bool moved) {
  const uint32_t pipe = pipeOf(woken, fd);
  if (pipe == 0) return {};
  const auto it = touches_.find(keyOf(pipe, side, moved));
  if (it == touches_.end()) return {};
  const Touch& touch = it->second;
  if (touch.by.thread == woken.id || touch.ts_ns < woken.call.enter_ns) return {};
  if (touch.another_ns >= woken.call.enter_ns) return {};
  Waker waker = touch.by;
  waker.resource = pipe;
  return waker;
}

// The first fd that is ready, as the analysis takes it.
Waker Wakers::ofPolled(const Tracee& woken, int64_t result) {
  const OpenCall& call = woken.call;
  if (result <= 0) return {};
  if (isIn(call, polling())) {
    struct Entry {
      int32_t fd;
      int16_t events, revents;
    };
    constexpr int16_t kPollIn = 1, kPollOut = 4;
    std::array<Entry, POLLED_MAX> entries{};
    const size_t count = call.args[1] & 0xffffffff;
    if (count > entries.size() ||
        !capture_read(woken.tid, entries.data(), count * sizeof(Entry), call.args[0]))
      return {};
    for (const Entry& one : std::span(entries).first(count)) {
      if (one.revents != 0) {
        const bool moved = (one.revents & (kPollIn | kPollOut)) != 0;
        return ofPipe(woken, one.fd, one.revents == kPollOut ? Side::reads : Side::writes, moved);
      }
    }
    return {};
  }
  for (const size_t set : {size_t{0}, size_t{1}}) {  // to be read, to be written
    uint64_t bits = 0;
    const uint64_t address = call.args[1 + set];
    if (address == 0 || !capture_read(woken.tid, &bits, sizeof bits, address) || bits == 0) continue;
    // That it was closed makes it ready, too.
    const int fd = std::countr_zero(bits);
    const Side side = set == 0 ? Side::writes : Side::reads;
    const Waker mover = ofPipe(woken, fd, side, true);
    return mover.context != WAKER_UNKNOWN ? mover : ofPipe(woken, fd, side, false);
  }
  return {};
}

Waker Wakers::ofVfork(const Tracee& woken, int64_t result) {
  constexpr uint64_t kCloneVfork = 0x4000;  // include/uapi/linux/sched.h
  const OpenCall& call = woken.call;
  uint64_t flags = 0;
  if (isIn(call, vforking())) {
    flags = kCloneVfork;
  } else if (isIn(call, cloning())) {
    flags = call.args[0];
  } else if (isIn(call, cloningByStructure())) {
    capture_read(woken.tid, &flags, sizeof flags, call.args[0]);
  }
  const Tracee* child = (flags & kCloneVfork) != 0 ? lives_.find(static_cast<pid_t>(result)) : nullptr;
  return child == nullptr ? Waker{} : thread(*child, -1, ABI_NONE);
}

// pid: 0 for the last one that ended.
Waker Wakers::ofChild(const Tracee& woken, pid_t pid) {
  EndedChild last;
  for (const EndedChild& child : woken.process->ended_children)
    if ((pid == 0 || child.pid == pid) && child.ts_ns >= std::max(last.ts_ns, woken.call.enter_ns))
      last = child;
  if (last.thread == 0) return {};
  Waker waker;
  waker.context = WAKER_THREAD;
  waker.thread = last.thread;
  waker.nr = callOfEnd(last.status);
  waker.abi = static_cast<uint8_t>(kNative);
  return waker;
}

Waker Wakers::of(const Tracee& woken, int64_t result) {
  const OpenCall& call = woken.call;
  Waker waker;
  waker.context = wakerByResult(call, result);
  if (waker.context != WAKER_UNKNOWN) return waker;
  if (endedBySignal(result)) return ofChild(woken, 0);
  if (isIn(call, waiting()) && result > 0) return ofChild(woken, static_cast<pid_t>(result));
  if (isIn(call, reading())) return ofPipe(woken, static_cast<int>(call.args[0]), Side::writes, result > 0);
  if (isIn(call, writing())) return ofPipe(woken, static_cast<int>(call.args[0]), Side::reads, result > 0);
  if (isIn(call, polling()) || isIn(call, selecting())) return ofPolled(woken, result);
  return ofVfork(woken, result);
}

}  // namespace tarry::ptracing
