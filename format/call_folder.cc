#include "format/call_folder.h"

#include <algorithm>
#include <utility>

#include "format/syscall_groups.h"
#include "format/syscall_table.h"

namespace tarry {
namespace {

constexpr int64_t kMaxErrno = 4095;  // include/linux/err.h

bool failed(int64_t ret) {
  return ret < 0 && ret >= -kMaxErrno;
}

bool isSocket(ResourceKind kind) {
  return kind == ResourceKind::socket || kind == ResourceKind::unix_socket;
}

// What the call is about: the file that it opened, otherwise the first fd among its arguments. Where there is
// a path, that fd is only where it begins.
ResourceId objectOf(const SyscallEvent& call) {
  const bool has_path = !call.strings.empty();
  const auto found = std::find_if(call.objects.begin(), call.objects.end(), [&](const ObjectRef& object) {
    return object.resource &&
           (has_path ? object.role == ObjectRole::returned : object.role <= ObjectRole::arg5);
  });
  return found == call.objects.end() ? ResourceId{} : found->resource;
}

}  // namespace

CallFolder::CallFolder()
    : keeps_fds_(callsThatKeepFds()),
      opens_(SyscallSet::parse("?open,?creat,openat,?openat2")),
      // What a set holds, how threads live, who is connected to whom, what files are called.
      kept_(SyscallSet::parse(
          "epoll_ctl,%process,?kill,?tkill,?tgkill,?prctl,?ptrace,?seccomp,?socketpair,?bind,?connect,?"
          "listen,"
          "?shutdown,?recvmsg,?recvmmsg,?chdir,?fchdir,?chroot,?pivot_root,?unshare,?setns,?mount,?umount2,"
          "?rename,?renameat,?renameat2,?link,?linkat,?symlink,?symlinkat,?unlink,?unlinkat,?mkdir,?mkdirat,"
          "?rmdir,?truncate,?ftruncate,?pipe,?pipe2,/^io_,/^execve")) {}

void CallFolder::switched(const SwitchEvent& event) {
  constexpr size_t kKept = 256;
  if (event.in) {
    const auto found = outs_.find(event.thread);
    if (found == outs_.end() || !found->second.stop_ns) return;
    std::vector<Stop>& stops = found->second.stops;
    if (stops.size() >= 2 * kKept) stops.erase(stops.begin(), stops.end() - kKept);
    const int64_t from_ns = std::max(*found->second.stop_ns, stops.empty() ? INT64_MIN : stops.back().to_ns);
    stops.push_back({from_ns, std::max(from_ns, event.ts_ns)});
    found->second.stop_ns.reset();
    return;
  }
  Outs& outs = outs_[event.thread];
  if (event.state == TaskState::recorder) {
    outs.stop_ns = event.ts_ns;
    return;
  }
  if (outs.ns.size() >= 2 * kKept) {
    outs.ns.erase(outs.ns.begin(), outs.ns.end() - kKept);
    outs.since_ns = outs.ns.front();
  }
  // Out of order only in what no kernel tells.
  const int64_t ts_ns = outs.ns.empty() ? event.ts_ns : std::max(event.ts_ns, outs.ns.back());
  outs.ns.push_back(ts_ns);
  if (event.state != TaskState::runnable) outs.blocked_ns = ts_ns;
}

// Or had to wait for a CPU, or may have, for all that is known.
bool CallFolder::waited(const SyscallEvent& call, Thrift thrift) const {
  const auto found = outs_.find(call.thread);
  if (found == outs_.end()) return false;
  const Outs& outs = found->second;
  if (call.enter_ns < outs.since_ns) return true;
  // That it had to wait for a CPU is in the switches, which are kept.
  if (thrift == Thrift::files && call.enter_ns > outs.blocked_ns) return false;
  const auto out = std::lower_bound(outs.ns.begin(), outs.ns.end(), call.enter_ns);
  return out != outs.ns.end() && *out <= call.enter_ns + call.dur_ns;
}

// Without the recorder's stops, which by ptrace are most of a short call.
int64_t CallFolder::ownTime(const SyscallEvent& call) const {
  const auto found = outs_.find(call.thread);
  if (found == outs_.end()) return call.dur_ns;
  const std::vector<Stop>& stops = found->second.stops;
  const int64_t end_ns = call.enter_ns + call.dur_ns;
  int64_t own_ns = call.dur_ns;
  for (auto stop = std::upper_bound(stops.begin(), stops.end(), call.enter_ns,
                                    [](int64_t ns, const Stop&one) { return ns < one.to_ns; });
       stop != stops.end() && stop->from_ns < end_ns; ++stop) {
    own_ns -= std::min(end_ns, stop->to_ns) - std::max(call.enter_ns, stop->from_ns);
  }
  return own_ns;
}

bool CallFolder::folds(const SyscallEvent& call, ResourceKind object, Thrift thrift) const {
  if (thrift < Thrift::calls || call.dur_ns < 0 || ownTime(call) > kShortNs) return false;
  if (call.flags.unfinished || call.flags.no_enter || call.call_seq == 0 || waited(call, thrift))
    return false;
  if (kept_.contains(call.abi, call.nr)) return false;
  if (thrift == Thrift::calls)
    return keeps_fds_.contains(call.abi, call.nr) && call.strings.empty() && !isSocket(object);
  const SyscallSpec* spec = findSyscall(call.abi, call.nr);
  if (spec == nullptr) return false;
  return spec->result != ArgType::fd || failed(call.ret) || opens_.contains(call.abi, call.nr);
}

void CallFolder::cover(FoldEvent& fold, int64_t from_ns, int64_t dur_ns) {
  const int64_t end_ns = std::max(fold.ts_ns + fold.dur_ns, from_ns + dur_ns);
  fold.ts_ns = std::min(fold.ts_ns, from_ns);
  fold.dur_ns = end_ns - fold.ts_ns;
}

void CallFolder::add(const SyscallEvent& call) {
  const int32_t error = failed(call.ret) ? static_cast<int32_t>(-call.ret) : 0;
  const ResourceId resource = objectOf(call);
  const auto [found, is_new] =
      counts_.try_emplace({call.thread.value, call.abi, call.nr, error, resource.value});
  FoldEvent& fold = found->second;
  if (is_new) {
    fold.ts_ns = call.enter_ns;
    fold.thread = call.thread;
    fold.abi = call.abi;
    fold.nr = call.nr;
    fold.error = error;
    fold.resource = resource;
  }
  cover(fold, call.enter_ns, call.dur_ns);
  ++fold.count;
  // Of hostile numbers, too: sums are modulo 2^64.
  if (error == 0)
    fold.result_sum =
        static_cast<int64_t>(static_cast<uint64_t>(fold.result_sum) + static_cast<uint64_t>(call.ret));
  fold.last_seq = std::max(fold.last_seq, call.call_seq);
  fold.total_ns += call.dur_ns;
  fold.longest_ns = std::max(fold.longest_ns, call.dur_ns);
  begin_ns_ = std::min(begin_ns_, call.enter_ns);
}

std::vector<PayloadRef> CallFolder::strip(const SyscallEvent& call) {
  const SyscallSpec* spec = findSyscall(call.abi, call.nr);
  std::vector<PayloadRef> kept;
  for (const PayloadRef& payload : call.payloads) {
    const bool needed =
        spec != nullptr && payload.arg < spec->arg_count && isAlwaysCaptured(spec->args[payload.arg].type);
    if (needed) {
      kept.push_back(payload);
      continue;
    }
    leftOut(call.enter_ns, call.dur_ns, payload.data.size());
  }
  return kept;
}

void CallFolder::leaveOut(const PlaintextEvent& event) {
  leftOut(event.ts_ns, event.dur_ns, event.data.size());
}

void CallFolder::leaveOut(const PacketEvent& event, size_t kept) {
  leftOut(event.ts_ns, 0, event.data.size() - kept);
}

void CallFolder::leftOut(int64_t from_ns, int64_t dur_ns, size_t bytes) {
  if (payload_.count == 0) {
    payload_.kind = FoldKind::payload;
    payload_.ts_ns = from_ns;
  }
  cover(payload_, from_ns, dur_ns);
  ++payload_.count;
  payload_.result_sum += static_cast<int64_t>(bytes);
  begin_ns_ = std::min(begin_ns_, from_ns);
}

bool CallFolder::due(int64_t now_ns) const {
  return !empty() && (counts_.size() >= kMostCounts || now_ns - begin_ns_ >= kSliceNs);
}

std::vector<FoldEvent> CallFolder::take() {
  std::vector<FoldEvent> folds;
  folds.reserve(counts_.size() + 1);
  for (auto& [key, fold] : counts_) folds.push_back(fold);
  if (payload_.count > 0) folds.push_back(std::exchange(payload_, {}));
  counts_.clear();
  begin_ns_ = INT64_MAX;
  return folds;
}

}  // namespace tarry
