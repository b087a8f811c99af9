#include "query/why/wording.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/render/units.h"

namespace tarry {
namespace {

bool startsWithAny(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view p) { return text.starts_with(p); });
}

// Sending and connecting point to the peer, everything else comes from it.
std::string_view arrow(std::string_view call) {
  return startsWithAny(call, {"connect", "send", "write", "pwrite", "splice", "vmsplice"}) ? "→" : "←";
}

std::string_view firstCall(const Timeline& timeline, const WaitGroup& group) {
  return group.calls.empty() ? std::string_view() : timeline.name(group.calls.front().index);
}

std::string resourceName(const Timeline& timeline, const WaitGroup& group) {
  if (group.resources.empty()) return {};
  const ResourceInfo& r = timeline.resource(group.resources.front().index);
  return cutTo(printable(r.path.empty() ? r.name : r.path), 70);
}

std::string joined(std::string_view a, std::string_view b, std::string_view between = " ") {
  if (a.empty() || b.empty()) return fmt::format("{}{}", a, b);
  return fmt::format("{}{}{}", a, between, b);
}

}  // namespace

std::string Wording::calls(const WaitGroup& group) const {
  std::string text;
  size_t shown = 0;
  for (const Share& call : group.calls) {
    const std::string_view name = timeline.name(call.index);
    if (shown == 3) return text + " …";
    if (name.empty() && group.kind != WaitKind::disk && group.kind != WaitKind::memory) continue;
    text = joined(text, name.empty() ? "page fault" : printable(name), ", ");
    ++shown;
  }
  return text;
}

std::string Wording::peer(const WaitGroup& group) const {
  std::string process = group.peer == kNone ? "" : processWithPid(timeline.process(group.peer));
  if (group.subject.empty()) return process;
  return process.empty() ? group.subject : fmt::format("{} ({})", group.subject, process);
}

std::string Wording::describe(const WaitGroup& group, bool several) const {
  std::string text = calls(group);
  const std::string_view first = firstCall(timeline, group);
  switch (group.kind) {
    case WaitKind::network:
      if (group.listening) text = joined(text, "on " + group.subject);
      else if (const std::string other = peer(group); !other.empty())
        text = joined(text, fmt::format("{} {}", arrow(first), other));
      break;
    case WaitKind::ipc:
      if (group.peer != kNone) text = joined(text, fmt::format("{} {}", arrow(first), peer(group)));
      else if (!group.subject.empty()) text = joined(text, "of " + group.subject);
      break;
    case WaitKind::disk:
      if (group.resources.size() == 1) text = joined(text, "of " + resourceName(timeline, group));
      else if (group.resources.size() > 1)
        text = joined(text, fmt::format("of {}, most of {}", counted(group.resources.size(), "file"),
                                        resourceName(timeline, group)));
      break;
    case WaitKind::lock:
      if (!group.subject.empty()) text = joined(text, "of " + group.subject);
      // Who hands it over is worth a word if it is another process, and mostly the same one.
      if (group.peer != kNone && group.peer_ns * 2 > group.total_ns && !group.processes.empty() &&
          group.peer != group.processes.front().index)
        text = joined(text, fmt::format("given by {}", processWithPid(timeline.process(group.peer))), ", ");
      break;
    case WaitKind::child:
      if (group.peer != kNone) text = joined(text, fmt::format("for {}", peer(group)));
      break;
    case WaitKind::cpu_queue: text = "wanted to run, no CPU was free"; break;
    case WaitKind::cpu_limit: text = "wanted to run, its cgroup's CPU quota was used up"; break;
    case WaitKind::signal:
      if (group.peer != kNone) text = joined(text, fmt::format("until {}", peer(group)));
      break;
    case WaitKind::stopped: text = joined("stopped by job control or a debugger", text, ", in "); break;
    case WaitKind::unknown: {
      text = joined(text, group.subject);
      if (!group.stacks.empty())
        if (const auto name = stacks.find(group.stacks.front().index); name != stacks.end())
          text = joined(text, "in the kernel's " + printable(name->second), ", ");
      if (text.empty()) text = "events were lost or it is not known how it began";
      break;
    }
    case WaitKind::none:
    case WaitKind::sleep:
    case WaitKind::terminal:
    case WaitKind::memory:
    case WaitKind::device:
      if (!group.subject.empty()) text = joined(text, "of " + group.subject);
      break;
  }
  if (several && !group.processes.empty()) {
    const std::string who = processWithPid(timeline.process(group.processes.front().index), 30);
    text = group.processes.size() == 1
               ? joined(text, fmt::format("in {}", who))
               : joined(text, fmt::format("in {}, most in {}",
                                          counted(group.processes.size(), "process", "processes"), who));
  }
  return text;
}

std::string waitingFor(const Wording& wording, const WaitGroup& group) {
  const std::string peer = wording.peer(group);
  const std::string_view first = firstCall(wording.timeline, group);
  const std::string calls = wording.calls(group);
  switch (group.kind) {
    case WaitKind::network:
      if (group.listening) return fmt::format("someone to connect to {}", group.subject);
      if (peer.empty()) return "the network";
      if (first.starts_with("connect")) return fmt::format("{} to accept the connection", peer);
      if (arrow(first) == "→") return fmt::format("{} to take what was sent", peer);
      if (group.role == WaitRole::answer) return fmt::format("an answer from {}", peer);
      return fmt::format("data from {}", peer);
    case WaitKind::ipc:
      if (peer.empty()) return "another process";
      return arrow(first) == "→" ? fmt::format("{} to take what was written", peer)
                                 : fmt::format("{} to write something", peer);
    case WaitKind::disk: {
      const std::string file = resourceName(wording.timeline, group);
      if (file.empty()) return "the disk";
      return group.resources.size() == 1
                 ? fmt::format("the disk ({} of {})", calls, file)
                 : fmt::format("the disk ({} of {})", calls, counted(group.resources.size(), "file"));
    }
    case WaitKind::lock:
      return group.subject.empty() ? "another thread (a lock or a hand-over)"
                                   : fmt::format("the lock {}", group.subject);
    case WaitKind::sleep:
      if (first.find("poll") != std::string_view::npos || first.find("select") != std::string_view::npos)
        return fmt::format("something to happen, but nothing did: {} timed out", calls);
      return fmt::format("the clock: it asked to sleep ({})", calls);
    case WaitKind::child: return peer.empty() ? "a child process" : fmt::format("its child {}", peer);
    case WaitKind::terminal:
      return fmt::format("someone at the terminal{}{}", group.subject.empty() ? "" : " ", group.subject);
    case WaitKind::memory: return "memory: the machine is short of it";
    case WaitKind::device:
      return group.subject.empty() ? "a device" : fmt::format("the device {}", group.subject);
    case WaitKind::signal: return "a signal";
    case WaitKind::stopped: return "someone to continue it: it was stopped";
    case WaitKind::cpu_queue: return "a free CPU: others were running";
    case WaitKind::cpu_limit: return "its cgroup's CPU quota";
    case WaitKind::none:
    case WaitKind::unknown:
      return calls.empty() ? "something that is not known"
                           : fmt::format("{}, which is not understood", calls);
  }
  return {};
}

std::string nextCommand(const WaitGroup& group, const Wording& wording, const std::string& file) {
  if (file.empty()) return {};
  const std::string_view level = wording.timeline.meta("level");
  const bool calls_recorded = level.empty() || level != "waits";
  const auto show = [&](std::string_view filter) {
    return calls_recorded ? fmt::format("tarry show {} -e {}", file, filter)
                          : fmt::format("tarry query {} @longest-waits", file);
  };
  switch (group.kind) {
    case WaitKind::network: return show("%network");
    case WaitKind::disk: return calls_recorded ? fmt::format("tarry files {}", file) : show("");
    case WaitKind::child: return fmt::format("tarry tree {}", file);
    case WaitKind::cpu_queue:
    case WaitKind::cpu_limit: return fmt::format("tarry query {} @cpu-queue", file);
    case WaitKind::ipc:
    case WaitKind::lock:
    case WaitKind::sleep:
    case WaitKind::terminal:
    case WaitKind::memory:
    case WaitKind::device:
    case WaitKind::signal:
    case WaitKind::stopped:
    case WaitKind::none:
    case WaitKind::unknown: break;
  }
  const std::string_view first = firstCall(wording.timeline, group);
  if (first.empty()) return fmt::format("tarry query {} @longest-waits", file);
  return show(printable(first));
}

namespace {

Conclusion concludeOnCpu(const Wording& wording, const Explained& e, const DataMoved& moved,
                         const std::string& file) {
  Conclusion result;
  const auto& shares = e.breakdown.on_cpu;
  std::string who = "it";
  if (e.processes > 1 && !shares.empty())
    who = processWithPid(wording.timeline.process(shares.front().index));
  const std::string share = formatPercent(e.breakdown.on_cpu_ns, e.breakdown.total_ns);
  const bool mostly_system = e.system_ns && e.user_ns && *e.system_ns > *e.user_ns && *e.system_ns > 0;
  constexpr int64_t kMuch = 16 << 20;
  const auto& bytes = moved.written_bytes >= moved.read_bytes ? moved.written : moved.read;
  if (mostly_system && !bytes.empty() && bytes.front().bytes >= kMuch) {
    const bool writes = moved.written_bytes >= moved.read_bytes;
    result.text =
        fmt::format("not waiting: {} is busy {} {} {} {} ({} on CPU, most of it in the kernel)", who,
                    writes ? "writing" : "reading", formatSize(static_cast<uint64_t>(bytes.front().bytes)),
                    writes ? "to" : "from", bytes.front().name, share);
    if (!file.empty()) result.command = fmt::format("tarry files {}", file);
    return result;
  }
  if (mostly_system && !moved.busiest.empty()) {
    result.text = fmt::format(
        "not waiting: {} is busy in system calls ({} on CPU, most of it in the kernel), "
        "most in {}",
        who, share, moved.busiest.front().name);
    if (!file.empty()) result.command = fmt::format("tarry summary {}", file);
    return result;
  }
  result.text = fmt::format("it is computing, not waiting: {} on CPU", share);
  if (e.processes > 1 && !shares.empty()) result.text += fmt::format(", most of it {}", who);
  if (!file.empty())
    result.command =
        e.processes > 1 ? fmt::format("tarry tree {}", file) : fmt::format("tarry summary {}", file);
  return result;
}

}  // namespace

Conclusion conclude(const Wording& wording, const Explained& e, const DataMoved& moved,
                    const std::string& file) {
  const Breakdown& b = e.breakdown;
  if (b.total_ns <= 0) return {"nothing was recorded of it", ""};
  const int64_t busy = b.total_ns - b.idle_ns;
  if (b.idle_ns > b.total_ns / 2 && busy < b.total_ns / 4) {
    const WaitGroup& idle = b.idle.front();
    return {fmt::format("it is idle: waiting for {}", waitingFor(wording, idle)),
            nextCommand(idle, wording, file)};
  }
  const WaitGroup* largest = nullptr;
  for (const KindTotal& kind : b.kinds)
    for (const WaitGroup& group : kind.groups)
      if (largest == nullptr || group.total_ns > largest->total_ns) largest = &group;
  if (largest == nullptr || (b.on_cpu_ns >= largest->total_ns && b.on_cpu_ns >= b.waiting_ns))
    return concludeOnCpu(wording, e, moved, file);
  // Who queues for a CPU has something to compute: say what.
  const bool queued = largest->kind == WaitKind::cpu_queue || largest->kind == WaitKind::cpu_limit;
  if (queued && b.on_cpu_ns * 20 >= b.total_ns) {
    const Conclusion computing = concludeOnCpu(wording, e, moved, "");
    return {fmt::format("it is waiting for {} ({} of the time); otherwise {}", waitingFor(wording, *largest),
                        formatPercent(largest->total_ns, b.total_ns), computing.text),
            nextCommand(*largest, wording, file)};
  }
  const bool most = largest->total_ns * 2 >= busy;
  if (!most && b.on_cpu_ns > largest->total_ns) {
    Conclusion mixed;
    mixed.text = fmt::format("it computes {} of the time and waits for many things, most for {}",
                             formatPercent(b.on_cpu_ns, b.total_ns), waitingFor(wording, *largest));
    mixed.command = nextCommand(*largest, wording, file);
    return mixed;
  }
  std::string who = "it";
  if (e.processes > 1 && largest->processes.size() == 1)
    who = processWithPid(wording.timeline.process(largest->processes.front().index));
  return {fmt::format("{} {} {}", who, most ? "is waiting for" : "waits for several things, longest for",
                      waitingFor(wording, *largest)),
          nextCommand(*largest, wording, file)};
}

}  // namespace tarry
