#include "analyzer/wait_tracker.h"

#include <algorithm>

namespace tarry::analysis {
namespace {

constexpr int64_t kEinprogress = 115;

bool isSocket(ResourceKind kind) {
  return kind == ResourceKind::socket || kind == ResourceKind::unix_socket;
}

bool isMultiplexing(const CallTraits* traits) {
  return traits != nullptr && (traits->wait == WaitCall::poll || traits->wait == WaitCall::epoll);
}

}  // namespace

void WaitTracker::entered(const SyscallEvent& event, const CurrentCall& call, Utid utid) {
  follows_calls_ = true;
  phases_.entered(event, call, utid);
  const std::string_view name = call.traits->name.text;
  if (!name.starts_with("epoll_c") || !call.finished || call.result < 0) return;
  const Upid process = tasks_.thread(utid).upid;
  if (name == "epoll_ctl") {
    std::span<const uint8_t> bytes;
    for (const PayloadRef& payload : event.payloads) {
      if (payload.arg == 3) bytes = payload.data;
    }
    const auto fd = static_cast<int32_t>(call.args[2]);
    ResourceId resource;
    for (const ObjectRef& object : event.objects) {
      if (object.role == ObjectRole::arg2) resource = object.resource;
    }
    epoll_.control(process, event.abi, static_cast<int32_t>(call.args[0]), call.args[1], fd, resource, bytes);
  } else {
    epoll_.created(process, static_cast<int32_t>(call.result));
  }
}

void WaitTracker::left(CurrentCall& call) {
  if (call.id == 0 || call.told || !call.finished || call.object_count == 0) return;
  call.told = true;
  phases_.left(call);
  const EvidenceResource& object = call.objects[0];
  switch (call.traits->wait) {
    case WaitCall::connect:
      if (call.result == 0 || call.result == -kEinprogress) roles_.connected(object.id);
      break;
    case WaitCall::accept:
      if (call.result >= 0 && call.object_count > 1) roles_.accepted(call.objects[1].id);
      break;
    case WaitCall::send:
      if (call.result > 0 && isSocket(object.kind)) roles_.sent(object.id);
      break;
    case WaitCall::receive:
      if (call.result > 0 && isSocket(object.kind)) roles_.received(object.id);
      break;
    default: break;
  }
}

WaitTracker::Habit& WaitTracker::habitOf(Utid utid) {
  if (utid >= habits_.size()) habits_.resize(static_cast<size_t>(utid) + utid / 2 + 16);
  return habits_[utid];
}

size_t WaitTracker::findReady(const CurrentCall& call, Upid process,
                              std::span<EvidenceResource, kMaxReady> ready) const {
  size_t count = 0;
  for (size_t i = 0; i < call.ready_count; i++) {
    ResourceId id = call.ready[i].id;
    if (call.traits->wait == WaitCall::epoll) {
      const auto epfd = static_cast<int32_t>(call.args[0]);
      id = epoll_.resourceOf(process, epfd, call.ready_data[i]);
      // A set built before the recording: data that is a small number is taken for the fd it equals,
      // if the snapshot knows that fd.
      constexpr uint64_t kMaxFd = 1U << 20;
      if (!id && call.ready_data[i] < kMaxFd) {
        id = resources_.openFd(process, static_cast<int32_t>(call.ready_data[i]));
      }
    }
    if (id) ready[count++] = evidence(id);
  }
  return count;
}

// What poll, select and epoll wait for, from the thread's memory or the set's history.
void WaitTracker::describeSet(const StateInterval& interval, Upid process, WaitEvidence& e) const {
  const auto say = [&](ResourceId id, bool sole) {
    if (sole) {
      e.only_fd = evidence(id);
      e.owed = roles_.reading(id) == WaitRole::answer;
    } else {
      e.set = evidence(id);
    }
  };
  if (e.call->wait == WaitCall::epoll) {
    const EpollTracker::Purpose purpose = epoll_.purposeOf(process, static_cast<int32_t>(e.args[0]));
    // At level waits a set is known as the snapshot found it: its members may have changed since.
    const bool up_to_date = follows_calls_ || interval.since.has_value();
    // What was reported stands for itself.
    const bool reported = e.finished && e.result > 0;
    if (purpose.resource) say(purpose.resource, purpose.sole && up_to_date && !reported);
    return;
  }
  // select's first argument is one more than the largest fd: 1 leaves only standard input.
  const bool is_select = e.call->name.text.find("select") != std::string_view::npos;
  if (is_select && e.args[0] == 1) {
    if (const ResourceId input = resources_.openFd(process, 0)) say(input, true);
  }
  const PendingCall& pending = interval.pending;
  const bool same_call = pending.nr >= 0 && traits_.find(pending.abi, pending.nr) == e.call;
  if (!same_call || !pending.resource) return;
  // poll's second argument is the number of its fds.
  const bool sole =
      pending.polled == PolledSet::unsaid ? is_select || e.args[1] == 1 : pending.polled == PolledSet::sole;
  say(pending.resource, sole);
}

// A wait on which nothing came, for connections that others make or ask on, as far as can be seen.
bool WaitTracker::servesOnly(const WaitEvidence& e, Upid process) const {
  const EvidenceResource& chosen = e.only_fd ? e.only_fd : e.set;
  bool serves = chosen && roles_.serves(chosen.id);
  if (e.call->wait != WaitCall::epoll) return serves;
  const auto epfd = static_cast<int32_t>(e.args[0]);
  serves = serves || epoll_.purposeOf(process, epfd).serves;
  if (serves) epoll_.forEachOfFew(process, epfd, [&](ResourceId id) { serves = serves && !roles_.owed(id); });
  return serves;
}

WaitRole WaitTracker::roleOf(const WaitEvidence& e, const WaitVerdict& verdict, const Habit& habit,
                             Upid process) const {
  if (verdict.idle) return WaitRole::idle;
  const bool nothing_came = e.finished ? e.result == 0 : !e.woken || verdict.kind == WaitKind::sleep;
  if (isMultiplexing(e.call) && nothing_came && servesOnly(e, process)) return WaitRole::idle;
  if (verdict.kind != WaitKind::network && verdict.kind != WaitKind::ipc) return WaitRole::none;
  if (e.call == nullptr) return WaitRole::none;
  switch (e.call->wait) {
    case WaitCall::connect: return WaitRole::answer;
    case WaitCall::accept: return WaitRole::idle;
    case WaitCall::send:
      return isSocket(resources_.kindOf(verdict.resource)) ? WaitRole::answer : WaitRole::none;
    case WaitCall::poll:
    case WaitCall::epoll:
      if (!verdict.resource) {
        if (e.set && verdict.kind == kindOfResource(e.set.kind)) return roles_.reading(e.set.id);
        return e.woken ? WaitRole::none : habit.role;
      }
      return roles_.reading(verdict.resource);
    default: return verdict.resource ? roles_.reading(verdict.resource) : WaitRole::none;
  }
}

uint32_t WaitTracker::noteParked(const StateInterval& interval, const WaitEvidence& e,
                                 const WaitVerdict& verdict) {
  if (e.call == nullptr) return 0;
  WaitEnd end;
  if (interval.woken && interval.waker_context == WakerContext::thread)
    end.waker = tasks_.utid(interval.waker);
  end.open = interval.open;
  end.whole = interval.open && interval.since.has_value();
  WaitQueue queue;
  queue.process = tasks_.thread(interval.utid).upid;
  if (e.call->wait == WaitCall::futex) {
    constexpr int64_t kCommandMask = 0x7f;
    const int64_t command = e.args[1] & kCommandMask;
    // FUTEX_WAIT and FUTEX_WAIT_BITSET; the others wait for a lock with an owner, or for several words.
    const bool has_command = e.call->name.text == "futex" || e.call->name.text == "futex_time64";
    // The pending call has all arguments, also the pointer to a time-out.
    if (end.open && has_command && interval.pending.nr >= 0 && interval.pending.args[3] == 0)
      idle_.stuck(interval.utid);
    if (!has_command || (command != 0 && command != 9)) return 0;
    if (isHeldLock(*e.call, e.args)) return 0;
    if (isThreadJoin(*e.call, e.args)) return idle_.joins(interval.utid, end);
    end.timed_out = verdict.kind == WaitKind::sleep;
    queue.futex = true;
    queue.id = static_cast<uint64_t>(e.args[0]);
  } else if (verdict.kind == WaitKind::ipc && verdict.resource) {
    // Who has the other end of anything else may be another process.
    if (resources_.kindOf(verdict.resource) != ResourceKind::eventfd) end.open = end.whole = false;
    queue.id = verdict.resource.value;
  } else {
    return 0;
  }
  return idle_.waited(interval.utid, queue, end);
}

void WaitTracker::describeBlocked(const StateInterval& interval, const CurrentCall* call,
                                  ThreadState& state) {
  const Upid process = tasks_.thread(interval.utid).upid;
  WaitEvidence e;
  e.state = interval.task_state;
  e.in_iowait = interval.in_iowait;
  e.kernel_thread = tasks_.process(process).kernel_thread;
  e.woken = interval.woken;
  e.waker_context = interval.waker_context;
  e.resource = evidence(interval.pending.resource);

  std::array<EvidenceResource, kMaxReady> ready;
  Habit& habit = habitOf(interval.utid);
  if (call != nullptr) {
    e.call = call->traits;
    e.args = call->args;
    e.objects = std::span(call->objects).first(call->object_count);
    if (call->object_count != 0) e.resource = call->objects[0];
    e.finished = call->finished;
    e.result = call->result;
    e.ready = std::span(ready).first(findReady(*call, process, ready));
  } else if (interval.pending.nr >= 0) {
    e.call = traits_.find(interval.pending.abi, interval.pending.nr);
    e.args = interval.pending.args;
  }
  if (isMultiplexing(e.call)) {
    if (habit.traits == e.call && habit.set == e.args[0]) e.habit = habit.kind;
    describeSet(interval, process, e);
  }
  if (interval.woken) {
    if (interval.waker_call.nr >= 0)
      e.waker_call = traits_.find(interval.waker_call.abi, interval.waker_call.nr);
    e.waker_resource = evidence(interval.waker_call.resource);
    if (isSocket(e.waker_resource.kind))
      e.waker_other_end = evidence(resources_.otherEnd(e.waker_resource.id));
  }
  if (interval.kernel_stack) e.kernel_stack = symbols_(interval.kernel_stack);

  const WaitVerdict verdict = attributeWait(e);
  WaitRole role = roleOf(e, verdict, e.habit != WaitKind::none ? habit : Habit{}, process);
  if (isMultiplexing(e.call) && verdict.kind != WaitKind::unknown && (e.finished || interval.woken)) {
    habit = {e.call, e.args[0], verdict.kind, role};
  }
  // Whoever waits for a signal all the time is there for who sends one.
  const bool for_signal = e.call != nullptr && e.call->wait == WaitCall::signal;
  if (for_signal && interval.open && interval.since) role = WaitRole::idle;
  if (role == WaitRole::none) state.parked = noteParked(interval, e, verdict);

  state.kind = verdict.kind;
  state.role = role;
  state.resource = verdict.resource;
  state.call = e.call;
  if (verdict.kind == WaitKind::network && role != WaitRole::idle) {
    const ResourceId socket = verdict.resource ? verdict.resource : e.set.id;
    const SocketPhaseTracker::Wait wait{socket, role, e.call, interval.begin, interval.end, all_calls_};
    state.phase = phases_.phaseOf(wait);
    state.peer = phases_.peerOf(wait, state.phase);
  }
  if (!interval.woken) return;
  if (interval.waker_context == WakerContext::thread) {
    state.waker = tasks_.utid(interval.waker);
    state.waker_call = e.waker_call;
  }
  state.waker_resource = e.waker_resource.id;
}

ThreadState WaitTracker::describe(const StateInterval& interval, const CurrentCall* call) {
  ThreadState state;
  static_cast<ObservedState&>(state) = interval;
  switch (interval.state) {
    case RunState::none:
    case RunState::unknown:
    case RunState::running: return state;
    case RunState::runnable:
      state.kind = interval.throttled ? WaitKind::cpu_limit : WaitKind::cpu_queue;
      // A sleep that was over before it began: its waker stands here.
      if (interval.woken && interval.waker_context == WakerContext::thread)
        state.waker = tasks_.utid(interval.waker);
      break;
    case RunState::blocked: describeBlocked(interval, call, state); break;
  }
  if (call != nullptr) {
    state.syscall_id = std::max<int64_t>(call->id, 0);
    state.call = call->traits;
  }
  return state;
}

}  // namespace tarry::analysis
