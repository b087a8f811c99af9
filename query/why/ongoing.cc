#include "query/why/ongoing.h"

#include <algorithm>

namespace tarry {
namespace {

constexpr int64_t kLongWait = 1'000'000'000;

class IdleRule {
 public:
  explicit IdleRule(const Timeline& timeline)
      : timeline_(timeline), whole_machine_(timeline.meta("target_kind") == "all") {}

  bool operator()(const StateRow& row, const ProcessInfoRow& process) const {
    if (row.state != RunState::blocked) return false;
    if (row.role == WaitRole::idle || row.kind == WaitKind::child || row.kind == WaitKind::terminal)
      return true;
    if (row.kind == WaitKind::disk || row.kind == WaitKind::memory) return false;
    if (isKernelThread(process)) return true;
    return whole_machine_ && (row.kind == WaitKind::sleep || (row.open && row.began_before));
  }

 private:
  // Children of kthreadd (pid 2): no program, no command line.
  bool isKernelThread(const ProcessInfoRow& process) const {
    if (!process.cmdline.empty() || !process.exe.empty()) return false;
    const bool below = process.parent != kNone && timeline_.process(process.parent).pid == 2;
    return process.pid == 2 || below || process.ppid.value_or(0) == 2;
  }

  const Timeline& timeline_;
  bool whole_machine_;
};

}  // namespace

Ongoing explainOngoing(const Timeline& timeline, bool count_idle) {
  Ongoing result;
  result.begin = timeline.begin();
  result.end = timeline.end();
  BreakdownBuilder builder(timeline, count_idle, true);
  std::vector<OngoingProcess> processes(timeline.processes().size());
  for (size_t i = 0; i < processes.size(); ++i) {
    processes[i].process = static_cast<int32_t>(i);
    processes[i].by_kind.assign(kWaitKinds, 0);
  }
  std::vector<bool> present(processes.size(), false);
  const IdleRule is_idle(timeline);

  for (size_t t = 0; t < timeline.threads().size(); ++t) {
    const auto thread = static_cast<int32_t>(t);
    const auto rows = timeline.statesOf(thread);
    const int32_t owner = timeline.thread(thread).process;
    if (rows.empty() || owner == kNone) continue;
    ++result.threads;
    OngoingProcess& own = processes[static_cast<size_t>(owner)];
    if (!present[static_cast<size_t>(owner)]) ++result.processes;
    present[static_cast<size_t>(owner)] = true;
    int32_t index = timeline.firstState(thread);
    for (const StateRow row : rows) {
      const int64_t length = row.length();
      const int32_t here = index++;
      if (!count_idle && is_idle(row, timeline.process(owner))) {
        builder.addIdle(owner, here, row.begin, row.end);
        own.idle_ns += length;
        continue;
      }
      builder.add(owner, here, row.begin, row.end);
      if (row.state == RunState::running) {
        own.on_cpu_ns += length;
        continue;
      }
      if (row.state == RunState::unknown) {
        own.unknown_ns += length;
        continue;
      }
      own.by_kind[static_cast<size_t>(row.kind)] += length;
      if (row.state == RunState::blocked) {
        int32_t maker = timeline.wakerProcess(row);
        if (maker == kNone && row.resource != kNone) maker = timeline.resource(row.resource).peer;
        if (maker != kNone && maker != owner) processes[static_cast<size_t>(maker)].made_wait_ns += length;
      }
      const int64_t since = row.began_before && row.since != 0 ? row.end - row.since : length;
      if (row.open && row.state == RunState::blocked && row.kind != WaitKind::stopped &&
          row.kind != WaitKind::recorder && (since >= kLongWait || row.began_before))
        result.still_waiting.push_back({here, since});
    }
  }
  result.breakdown = builder.finish();

  for (OngoingProcess& p : processes) {
    p.busy_ns = p.on_cpu_ns;
    for (const int64_t ns : p.by_kind) p.busy_ns += ns;
    if (present[static_cast<size_t>(p.process)] || p.made_wait_ns > 0) result.ranking.push_back(std::move(p));
  }
  std::stable_sort(result.ranking.begin(), result.ranking.end(), [](const auto& a, const auto& b) {
    return a.weight() != b.weight() ? a.weight() > b.weight() : a.on_cpu_ns > b.on_cpu_ns;
  });
  std::stable_sort(result.still_waiting.begin(), result.still_waiting.end(),
                   [](const auto& a, const auto& b) { return a.length_ns > b.length_ns; });
  return result;
}

}  // namespace tarry
