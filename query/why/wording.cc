#include "query/why/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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

std::string resourceName(const Timeline& timeline, const WaitGroup& group, int width = 70) {
  if (group.resources.empty()) return {};
  const ResourceInfo& r = timeline.resource(group.resources.front().index);
  return elidePath(printable(r.path.empty() ? r.name : r.path), width);
}

// All of it ended by the clock, not by the other side.
bool timedOut(const Timeline& timeline, const WaitGroup& group) {
  return group.waker_contexts.size() == 1 && timeline.name(group.waker_contexts.front().index) == "timer";
}

std::string joined(std::string_view a, std::string_view b, std::string_view between = " ") {
  if (a.empty() || b.empty()) return fmt::format("{}{}", a, b);
  return fmt::format("{}{}{}", a, between, b);
}

std::string_view phaseText(WaitPhase phase) {
  switch (phase) {
    case WaitPhase::none: break;
    case WaitPhase::dns: return "name lookup";
    case WaitPhase::connect: return "connecting";
    case WaitPhase::tls_handshake: return "TLS handshake";
    case WaitPhase::sending: return "sending";
    case WaitPhase::first_byte: return "first byte";
    case WaitPhase::receiving: return "receiving";
  }
  return {};
}

// The phase of more than half the time.
WaitPhase mainPhase(const WaitGroup& group) {
  const bool any = !group.phases.empty() && group.phases.front().total_ns * 2 > group.total_ns;
  return any ? static_cast<WaitPhase>(group.phases.front().index) : WaitPhase::none;
}

// "first byte", "connecting 100 ms, first byte 2.00 s": as they follow each other, those worth a word.
std::string phasesText(const WaitGroup& group) {
  const auto counts = [&](const Share& phase) { return phase.total_ns * 50 >= group.total_ns; };
  std::vector<Share> phases;
  std::copy_if(group.phases.begin(), group.phases.end(), std::back_inserter(phases), counts);
  std::sort(phases.begin(), phases.end(), [](const Share& a, const Share& b) { return a.index < b.index; });
  std::string text;
  for (const Share& phase : phases) {
    const std::string_view name = phaseText(static_cast<WaitPhase>(phase.index));
    text = joined(
        text,
        phases.size() == 1 ? std::string(name) : fmt::format("{} {}", name, formatDuration(phase.total_ns)),
        ", ");
  }
  return text;
}

// ", thread worker-2 4711", where it is one of several; by its number alone if it has its process's name.
std::string peerThreadText(const Timeline& timeline, const WaitGroup& group) {
  if (group.peer_threads.empty() || group.peer_threads.front().total_ns * 2 <= group.total_ns) return {};
  const ThreadInfo& thread = timeline.thread(group.peer_threads.front().index);
  if (thread.process != group.peer || timeline.process(group.peer).threads.size() < 2) return {};
  const bool named = thread.name != timeline.process(group.peer).comm;
  return fmt::format(", thread {}{}", named ? printable(thread.name) + " " : "", thread.tid);
}

// One way to say what a group of waits is; describe() takes the fullest one that fits.
struct Detail {
  size_t calls = 3;
  bool tags = false;
  bool call_beside_phase = true;
  bool peer_pid = true;
  bool peer_process = true;  // behind an address
  bool request = true;
  bool phases = true;
  bool most_of_whom = true;  // of several waiting processes, the main one
  int path_width = 70;
};

class Phrase {
 public:
  Phrase(const Wording& wording, const WaitGroup& group, const DescribeStyle& style, const Detail& detail)
      : wording_(wording), timeline_(wording.timeline), group_(group), style_(style), detail_(detail) {}

  std::string text() const {
    std::string text = what();
    if (!style_.several || group_.processes.empty()) return text;
    const int32_t first = group_.processes.front().index;
    if (group_.processes.size() == 1)
      return first == style_.self ? text : joined(text, "in " + process(first));
    text = joined(text, "in " + counted(group_.processes.size(), "process", "processes"));
    return detail_.most_of_whom ? fmt::format("{}, most in {}", text, process(first)) : text;
  }

 private:
  std::string process(int32_t index) const {
    const ProcessInfoRow& p = timeline_.process(index);
    return detail_.tags || style_.tags ? processTag(p) : processWithPid(p, 30);
  }
  std::string subject() const { return elidePath(group_.subject, detail_.path_width); }
  std::string file() const { return resourceName(timeline_, group_, detail_.path_width); }
  std::string peer() const {
    if (group_.peer == kNone || !(detail_.peer_process || group_.subject.empty())) return subject();
    const ProcessInfoRow& process = timeline_.process(group_.peer);
    const std::string who = !detail_.peer_pid             ? processShort(process)
                            : detail_.tags || style_.tags ? processTag(process)
                                                          : processWithPid(process);
    return group_.subject.empty()
               ? who
               : fmt::format("{} ({}{})", subject(), who, peerThreadText(timeline_, group_));
  }

  std::string what() const {
    std::string text = wording_.calls(group_, detail_.calls);
    const std::string_view first = firstCall(timeline_, group_);
    switch (group_.kind) {
      case WaitKind::network:
        if (group_.listening) return joined(text, "on " + subject());
        if (const std::string phases = detail_.phases ? phasesText(group_) : ""; !phases.empty())
          text = detail_.call_beside_phase ? joined(text, phases, ": ") : phases;
        if (const std::string other = peer(); !other.empty())
          text = joined(text, fmt::format("{} {}", arrow(first), other));
        if (const std::string_view request = detail_.request ? wording_.request(group_) : "";
            !request.empty())
          text += fmt::format("{} {}", group_.count > 1 ? ", longest for" : " for", request);
        return timedOut(timeline_, group_) ? text + ", timed out" : text;
      case WaitKind::ipc:
        if (group_.peer != kNone) text = joined(text, fmt::format("{} {}", arrow(first), peer()));
        else if (!group_.subject.empty()) text = joined(text, "of " + subject());
        return timedOut(timeline_, group_) ? text + ", timed out" : text;
      case WaitKind::disk:
        if (group_.resources.size() == 1) return joined(text, "of " + file());
        if (group_.resources.size() > 1)
          return joined(text,
                        fmt::format("of {}, most of {}", counted(group_.resources.size(), "file"), file()));
        return text;
      case WaitKind::lock:
        if (!group_.subject.empty()) text = joined(text, "of " + subject());
        // Who hands it over is worth a word if it is another process, and mostly the same one.
        if (group_.peer != kNone && group_.peer_ns * 2 > group_.total_ns && !group_.processes.empty() &&
            group_.peer != group_.processes.front().index)
          text = joined(text, fmt::format("given by {}", process(group_.peer)), ", ");
        return text;
      case WaitKind::child: return group_.peer == kNone ? text : joined(text, "for " + peer());
      case WaitKind::cpu_queue: return "wanted to run, no CPU was free";
      case WaitKind::cpu_limit: return "wanted to run, its cgroup's CPU quota was used up";
      case WaitKind::signal: return group_.peer == kNone ? text : joined(text, "until " + peer());
      case WaitKind::stopped: return joined("stopped by job control or a debugger", text, ", in ");
      case WaitKind::recorder: return "what recording by ptrace costs: calls stop for the recorder";
      case WaitKind::unknown: {
        text = joined(text, subject());
        if (!group_.stacks.empty())
          if (const auto name = wording_.stacks.find(group_.stacks.front().index);
              name != wording_.stacks.end())
            text = joined(text, "in the kernel's " + printable(name->second), ", ");
        return text.empty() ? "in the kernel, not known where" : text;
      }
      case WaitKind::none:
      case WaitKind::sleep:
      case WaitKind::terminal:
      case WaitKind::memory:
      case WaitKind::device: return group_.subject.empty() ? text : joined(text, "of " + subject());
    }
    return text;
  }

  const Wording& wording_;
  const Timeline& timeline_;
  const WaitGroup& group_;
  const DescribeStyle& style_;
  const Detail& detail_;
};

// Columns of the path that a phrase about `group` holds, 0: none.
int pathWidth(const Timeline& timeline, const WaitGroup& group, const Detail& detail) {
  const std::string text = group.kind == WaitKind::disk ? resourceName(timeline, group, detail.path_width)
                                                        : elidePath(group.subject, detail.path_width);
  return text.starts_with('/') ? displayWidth(text) : 0;
}

}  // namespace

std::string Wording::calls(const WaitGroup& group, size_t most) const {
  std::string text;
  size_t shown = 0;
  for (const Share& call : group.calls) {
    const std::string_view name = timeline.name(call.index);
    if (name.empty() && group.kind != WaitKind::disk && group.kind != WaitKind::memory) continue;
    if (shown == most) return text + " …";
    text = joined(text, name.empty() ? "page fault" : printable(name), ", ");
    ++shown;
  }
  return text;
}

std::string_view Wording::request(const WaitGroup& group) const {
  if (group.kind != WaitKind::network || group.longest_row == kNone) return {};
  const StateRow row = timeline.state(group.longest_row);
  return row.resource == kNone ? std::string_view() : requests.at(timeline.resource(row.resource), row.begin);
}

std::string Wording::peer(const WaitGroup& group, bool tags) const {
  std::string process;
  if (group.peer != kNone)
    process = tags ? processTag(timeline.process(group.peer)) : processWithPid(timeline.process(group.peer));
  if (group.subject.empty()) return process;
  return process.empty() ? group.subject : fmt::format("{} ({})", group.subject, process);
}

std::string Wording::describe(const WaitGroup& group, const DescribeStyle& style) const {
  static constexpr std::array<Detail, 9> kDetails = {
      {{},
       {.tags = true},
       {.calls = 1, .tags = true},
       {.calls = 1, .tags = true, .call_beside_phase = false},
       {.calls = 1, .tags = true, .call_beside_phase = false, .peer_pid = false},
       {.calls = 1, .tags = true, .call_beside_phase = false, .peer_process = false},
       {.calls = 1, .tags = true, .call_beside_phase = false, .peer_process = false, .request = false},
       {.calls = 1, .tags = true, .peer_process = false, .request = false, .phases = false},
       {.calls = 1,
        .tags = true,
        .peer_process = false,
        .request = false,
        .phases = false,
        .most_of_whom = false}}};
  std::string text;
  for (Detail detail : kDetails) {
    constexpr int kTellingPath = 16;
    text = Phrase(*this, group, style, detail).text();
    const int excess = displayWidth(text) - style.width;
    if (style.width <= 0 || excess <= 0) return text;
    const int path = pathWidth(timeline, group, detail);
    if (path - excess < kTellingPath) continue;
    detail.path_width = path - excess;
    return Phrase(*this, group, style, detail).text();
  }
  return cutTo(text, style.width);
}

std::string waitingFor(const Wording& wording, const WaitGroup& group, bool tags) {
  const std::string peer = wording.peer(group, tags);
  const std::string_view first = firstCall(wording.timeline, group);
  const std::string calls = wording.calls(group);
  std::string_view request;
  std::string to;
  switch (group.kind) {
    case WaitKind::network:
      if (group.listening) return fmt::format("someone to connect to {}", group.subject);
      if (peer.empty()) return "the network";
      request = wording.request(group);
      to = request.empty() ? "" : fmt::format(" to {}", request);
      switch (mainPhase(group)) {
        case WaitPhase::dns:
          return fmt::format("the name server {}{}", peer,
                             request.empty() ? "" : fmt::format(" to say what {} is", request));
        case WaitPhase::connect: return fmt::format("{} to accept the connection", peer);
        case WaitPhase::tls_handshake: return fmt::format("the TLS handshake with {}", peer);
        case WaitPhase::sending: return fmt::format("{} to take what was sent", peer);
        case WaitPhase::receiving: return fmt::format("the rest of an answer from {}{}", peer, to);
        case WaitPhase::first_byte:
        case WaitPhase::none: break;
      }
      if (first.starts_with("connect")) return fmt::format("{} to accept the connection", peer);
      if (arrow(first) == "→") return fmt::format("{} to take what was sent", peer);
      if (group.role == WaitRole::answer)
        return fmt::format("an answer from {}{}{}", peer, to,
                           timedOut(wording.timeline, group) ? ", which did not come in time" : "");
      return fmt::format("data from {}", peer);
    case WaitKind::ipc:
      if (peer.empty()) return "another process";
      if (group.peer == kNone)
        return (arrow(first) == "→" ? "room in " : "something to come through ") + peer;
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
      if (group.role == WaitRole::idle) return "something to do";
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
    case WaitKind::recorder:
      return "the recorder: it makes so many calls that recording them takes much of the time";
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
    case WaitKind::recorder:
    case WaitKind::none:
    case WaitKind::unknown: break;
  }
  const std::string_view first = firstCall(wording.timeline, group);
  if (first.empty()) return fmt::format("tarry query {} @longest-waits", file);
  return show(printable(first));
}

}  // namespace tarry
