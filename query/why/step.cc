#include "query/why/step.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

namespace tarry {
namespace {

bool hasStates(const Timeline& timeline, int32_t process) {
  for (const int32_t thread : timeline.process(process).threads)
    if (!timeline.statesOf(thread).empty()) return true;
  return false;
}

// Without limits on depth a damaged parent column could lead round in circles.
bool descends(const Timeline& timeline, int32_t process, int32_t ancestor) {
  for (int depth = 0; process != kNone && depth < 1000; ++depth) {
    process = timeline.process(process).parent;
    if (process == ancestor) return true;
  }
  return false;
}

// Which child ended a wait whose waker was not recorded: the one whose end is the nearest to the wait's. A
// wait that no child ended (it is still on, or a signal `interrupted` it) belongs to the child that lived on,
// if there is only one.
int32_t childOf(const Timeline& timeline, int32_t parent, const StateRow& wait, bool interrupted) {
  // The last switch out of a dying thread comes a moment after it woke its parent.
  constexpr int64_t kDying = 2'000'000;
  int32_t best = kNone;
  int64_t best_distance = INT64_MAX;
  int living = 0;
  for (const int32_t child : timeline.process(parent).children) {
    if (!hasStates(timeline, child)) continue;
    const auto& process = timeline.process(child);
    if (wait.open || interrupted) {
      if (process.end_ts && *process.end_ts < wait.end) continue;
      ++living;
      best = child;
      continue;
    }
    const std::optional<int64_t>& ended = process.end_ts;
    if (!ended || *ended < wait.begin || *ended > wait.end + kDying) continue;
    if (process.start_ts && *process.start_ts >= wait.end) continue;
    const int64_t distance = std::abs(wait.end - *ended);
    if (distance > best_distance) continue;
    best = child;
    best_distance = distance;
  }
  return (wait.open || interrupted) && living != 1 ? kNone : best;
}

bool exits(std::string_view call) {
  return call == "exit" || call == "exit_group";
}

bool signals(std::string_view call) {
  constexpr std::string_view kCalls[] = {
      "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"};
  return std::find(std::begin(kCalls), std::end(kCalls), call) != std::end(kCalls);
}

// Why who ended the wait explains it.
std::optional<FollowReason> reasonToFollow(const Timeline& timeline, const StateRow& wait) {
  if (wait.kind == WaitKind::lock) return FollowReason::lock;
  if (wait.kind != WaitKind::ipc) return std::nullopt;
  if (wait.resource == kNone) {
    // Of poll and its like this is what was not found out; of others there is none.
    const std::string_view call = timeline.name(wait.call);
    const bool queue =
        call.starts_with("sem") || call.starts_with("msg") || call.starts_with("mq_") || call == "ipc";
    return queue ? std::optional(FollowReason::peer) : std::nullopt;
  }
  const std::string& kind = timeline.resource(wait.resource).kind;
  if (kind == "pipe" || kind == "fifo") return FollowReason::pipe;
  if (kind == "unix" || kind == "eventfd" || kind == "message_queue") return FollowReason::peer;
  return std::nullopt;
}

}  // namespace

int32_t childWaitedFor(const Timeline& timeline, const StateRow& wait) {
  const int32_t own = timeline.thread(wait.thread).process;
  if (own == kNone) return kNone;
  const int32_t waker = timeline.wakerProcess(wait);
  // A dying process that is no descendant was handed to this one by its own parent's death.
  if (waker != kNone && waker != own &&
      (descends(timeline, waker, own) || exits(timeline.name(wait.waker_call))))
    return waker;
  // Somebody else, a signal's sender for example, is no explanation of what a child did.
  return childOf(timeline, own, wait, waker != kNone);
}

std::optional<Follow> follow(const Timeline& timeline, const StateRow& wait) {
  if (wait.state != RunState::blocked) return std::nullopt;
  const int32_t own = timeline.thread(wait.thread).process;
  if (own == kNone) return std::nullopt;
  const int32_t waker = timeline.wakerProcess(wait);

  // A dying child also ends waits that are not called "child": sigsuspend, or make's pselect.
  const bool died = waker != kNone && exits(timeline.name(wait.waker_call)) && descends(timeline, waker, own);
  if (wait.kind == WaitKind::child || died) {
    const int32_t child = died ? waker : childWaitedFor(timeline, wait);
    if (child == kNone || child == own || !hasStates(timeline, child)) return std::nullopt;
    return Follow{child, FollowReason::child};
  }

  const std::optional<FollowReason> reason = reasonToFollow(timeline, wait);
  if (!reason || waker == kNone || waker == own || !hasStates(timeline, waker)) return std::nullopt;
  if (signals(timeline.name(wait.waker_call))) return std::nullopt;
  return Follow{waker, *reason};
}

}  // namespace tarry
