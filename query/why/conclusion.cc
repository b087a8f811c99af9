#include "query/why/conclusion.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/process_end.h"
#include "query/render/units.h"

namespace tarry {

const WaitGroup& tellingIdle(const Breakdown& breakdown) {
  // Workers that are handed their work say less than who gets it from outside, however many they are.
  const auto outside = [](const WaitGroup& group) {
    return group.kind == WaitKind::network || group.kind == WaitKind::terminal;
  };
  const auto found = std::find_if(breakdown.idle.begin(), breakdown.idle.end(), outside);
  return found != breakdown.idle.end() ? *found : breakdown.idle.front();
}

std::string unknownReason(const Timeline& timeline, const Breakdown& b) {
  if (!timeline.losses().empty()) return "events were lost";
  if (!timeline.meta("calls").empty()) return "waits in calls that were not recorded";
  if (b.unknown_before_ns * 2 > b.unknown_ns) return "before a thread was first seen";
  if (timeline.stat("cut") != 0) return "the trace has no end";
  if (timeline.meta("end_reason") == "max_size") return "the trace was full";
  return "the kernel did not report every switch";
}

namespace {

bool mostlyInCalls(const Explained& e, const DataMoved& moved) {
  if (moved.calls_cpu_ns) return *moved.calls_cpu_ns * 2 > e.cpu_ns;
  return e.cpu_ns >= kTellingTicksNs && e.system_ns && e.user_ns && *e.system_ns > *e.user_ns;
}

// What it does on the CPU: "it is computing", "ld, pid 12 is busy in system calls, most in read".
Conclusion concludeOnCpu(const Wording& wording, const Explained& e, const DataMoved& moved,
                         const std::string& file) {
  Conclusion result;
  const auto& shares = e.breakdown.on_cpu;
  std::string who = "it";
  if (e.processes > 1 && !shares.empty() && shares.front().index != e.process)
    who = processWithPid(wording.timeline.process(shares.front().index));
  const auto command = [&](std::string_view verb) {
    return file.empty() ? std::string() : fmt::format("tarry {} {}", verb, file);
  };
  if (!mostlyInCalls(e, moved)) {
    result.text = "it is computing";
    if (e.processes > 1 && who != "it") result.text += ", most of it " + who;
    result.command = command(e.processes > 1 ? "tree" : "summary");
    return result;
  }
  constexpr int64_t kMuch = 16 << 20;
  const bool writes = moved.written_bytes >= moved.read_bytes;
  const auto& bytes = writes ? moved.written : moved.read;
  if (!bytes.empty() && bytes.front().bytes >= kMuch) {
    result.text = fmt::format("{} is busy {} {} {} {}", who, writes ? "writing" : "reading",
                              formatSize(static_cast<uint64_t>(bytes.front().bytes)), writes ? "to" : "from",
                              bytes.front().name);
    result.command = command("files");
    return result;
  }
  result.text = fmt::format("{} is busy in system calls", who);
  if (!moved.busiest.empty()) result.text += ", most in " + moved.busiest.front().name;
  result.command = command("summary");
  return result;
}

// What the largest wait that is understood leaves to say.
std::string caveat(const Wording& wording, const Breakdown& b, const WaitGroup* named) {
  std::string text;
  for (const KindTotal& kind : b.kinds)
    if (kind.kind == WaitKind::unknown && named != nullptr && named->kind != WaitKind::unknown &&
        kind.total_ns > named->total_ns)
      text += fmt::format("; for what it waits in {} ({} of the time) is not understood",
                          wording.describe(kind.groups.front(), {.tags = true}),
                          formatPercent(kind.total_ns, b.total_ns));
  if (b.unknown_ns * 4 > b.total_ns)
    text += fmt::format("; what it did {} of the time is unknown", formatPercent(b.unknown_ns, b.total_ns));
  return text;
}

Conclusion concludeTime(const Wording& wording, const Explained& e, const DataMoved& moved,
                        const std::string& file) {
  const Breakdown& b = e.breakdown;
  if (b.total_ns <= 0) return {"nothing was recorded of it", ""};
  const int64_t busy = b.on_cpu_ns + b.waiting_ns;
  if (b.idle_ns > b.total_ns / 2 && busy < b.total_ns / 4) {
    const WaitGroup& idle = tellingIdle(b);
    return {fmt::format("it is idle: waiting for {}", waitingFor(wording, idle)),
            nextCommand(idle, wording, file)};
  }
  const WaitGroup* largest = b.largestWait();
  const std::string but = caveat(wording, b, largest);
  if (busy == 0) return {"what it did was not seen: " + unknownReason(wording.timeline, b), ""};
  const std::string share = formatPercent(b.on_cpu_ns, b.total_ns);
  Conclusion computing = concludeOnCpu(wording, e, moved, file);
  if (largest == nullptr || (b.on_cpu_ns >= largest->total_ns && b.on_cpu_ns >= b.waiting_ns))
    return {fmt::format("not waiting: {} ({} on CPU){}", computing.text, share, but), computing.command};
  // Who queues for a CPU has something to compute: say what.
  const bool queued = largest->kind == WaitKind::cpu_queue || largest->kind == WaitKind::cpu_limit;
  const std::string cause = waitingFor(wording, *largest);
  if (queued && b.on_cpu_ns * 20 >= b.total_ns)
    return {fmt::format("it is waiting for {} ({} of the time); otherwise {}{}", cause,
                        formatPercent(largest->total_ns, b.total_ns), computing.text, but),
            nextCommand(*largest, wording, file)};
  const bool most = largest->total_ns * 2 >= busy;
  if (!most && b.on_cpu_ns > largest->total_ns)
    return {
        fmt::format("it computes {} of the time and waits for many things, most for {}{}", share, cause, but),
        nextCommand(*largest, wording, file)};
  std::string who = "it";
  if (e.processes > 1 && largest->processes.size() == 1 && largest->processes.front().index != e.process)
    who = processWithPid(wording.timeline.process(largest->processes.front().index));
  return {fmt::format("{} {} {}{}", who, most ? "is waiting for" : "waits for several things, longest for",
                      cause, but),
          nextCommand(*largest, wording, file)};
}

// How it ended, where that was not well: what it spent its time on is the smaller question then.
std::string failureOf(const Wording& wording, const Explained& e) {
  if (e.subject == WhySubject::thread || !e.ended) return {};
  const ProcessInfoRow& p = wording.timeline.process(e.process);
  if (p.exit_signal) return "it was killed by " + endingSignal(wording.timeline, p);
  if (p.exit_code.value_or(0) != 0) return fmt::format("it failed with exit status {}", *p.exit_code);
  return {};
}

}  // namespace

Conclusion conclude(const Wording& wording, const Explained& e, const DataMoved& moved,
                    const std::string& file) {
  Conclusion result = concludeTime(wording, e, moved, file);
  const std::string failure = failureOf(wording, e);
  if (failure.empty()) return result;
  result.text = fmt::format("{}; before that: {}", failure, result.text);
  if (e.failed_call) result.cause = failedCallText(wording.timeline, *e.failed_call, e.process);
  const std::string_view level = wording.timeline.meta("level");
  if (!file.empty() && level != "waits" && wording.timeline.process(e.process).exit_code.value_or(0) != 0)
    result.command = fmt::format("tarry show {} --failed-only", file);
  return result;
}

}  // namespace tarry
