#include "query/why/explain.h"

#include <algorithm>

#include "query/why/critical_path.h"

namespace tarry {
namespace {

// CPU time within [begin, end) of the threads of one process.
int64_t cpuWithin(const Timeline& timeline, int32_t process, int64_t begin, int64_t end) {
  int64_t total = 0;
  for (const int32_t thread : timeline.process(process).threads)
    for (const StateRow row : timeline.statesOf(thread))
      if (row.state == RunState::running)
        total += std::max<int64_t>(0, std::min(row.end, end) - std::max(row.begin, begin));
  return total;
}

// What the kernel counted, which it says only at the end of a process and only for all its life. The
// command's process exists before the recording, but only waits there to be let go.
void addRusage(const Timeline& timeline, int32_t index, Explained& result) {
  const ProcessInfoRow& process = timeline.process(index);
  if (!process.user_ns || !process.system_ns || (process.existed && index != timeline.commandRoot())) return;
  result.user_ns = result.user_ns.value_or(0) + *process.user_ns;
  result.system_ns = result.system_ns.value_or(0) + *process.system_ns;
}

// Clock ticks miss what is shorter than they are; the CPU time is exact. As getrusage(2) does it
// (kernel/sched/cputime.c, cputime_adjust), the ticks say only in which proportion.
void scaleToCpu(Explained& result) {
  if (!result.user_ns || !result.system_ns) return;
  const auto user = static_cast<double>(std::max<int64_t>(*result.user_ns, 0));
  const auto system = static_cast<double>(std::max<int64_t>(*result.system_ns, 0));
  const double share = user + system > 0 ? system / (user + system) : 0;
  result.system_ns =
      std::min(result.cpu_ns, static_cast<int64_t>(static_cast<double>(result.cpu_ns) * share));
  result.user_ns = result.cpu_ns - *result.system_ns;
}

int32_t recordedThreads(const Timeline& timeline, int32_t process) {
  int32_t count = 0;
  for (const int32_t thread : timeline.process(process).threads)
    if (!timeline.statesOf(thread).empty()) ++count;
  return count;
}

}  // namespace

std::optional<Lifetime> lifetimeOf(const Timeline& timeline, int32_t process) {
  const ProcessInfoRow& p = timeline.process(process);
  std::optional<Lifetime> life;
  for (const int32_t thread : p.threads) {
    const auto rows = timeline.statesOf(thread);
    if (rows.empty()) continue;
    if (!life) life = Lifetime{rows.front().begin, rows.back().end};
    life->begin = std::min(life->begin, rows.front().begin);
    life->end = std::max(life->end, rows.back().end);
  }
  return life;
}

std::optional<Lifetime> commandLife(const Timeline& timeline, int32_t process) {
  auto life = lifetimeOf(timeline, process);
  const auto& exec = timeline.process(process).first_exec_ts;
  if (life && exec && process == timeline.commandRoot())
    life->begin = std::clamp(*exec, life->begin, life->end);
  return life;
}

std::vector<int32_t> withDescendants(const Timeline& timeline, int32_t process) {
  std::vector<bool> seen(timeline.processes().size(), false);
  std::vector<int32_t> order{process};
  seen[static_cast<size_t>(process)] = true;
  for (size_t i = 0; i < order.size(); ++i)
    for (const int32_t child : timeline.process(order[i]).children)
      if (!seen[static_cast<size_t>(child)]) {
        seen[static_cast<size_t>(child)] = true;
        order.push_back(child);
      }
  return order;
}

Explained explainCommand(const Timeline& timeline, ProcessStates& states, int32_t root, bool count_idle) {
  Explained result;
  result.subject = WhySubject::command;
  result.process = root;
  const Lifetime life = commandLife(timeline, root).value_or(Lifetime{});
  result.begin = life.begin;
  result.end = life.end;
  result.ended = timeline.process(root).end_ts.has_value();

  CriticalPath path(timeline, states);
  BreakdownBuilder builder(timeline, count_idle);
  path.walk(root, life.begin, life.end,
            [&](const PathPiece& piece) { builder.add(piece.process, piece.row, piece.begin, piece.end); });
  result.breakdown = builder.finish();

  const auto tree = withDescendants(timeline, root);
  result.processes = 0;
  result.threads = 0;
  for (const int32_t member : tree) {
    const int32_t threads = recordedThreads(timeline, member);
    if (threads == 0) continue;
    ++result.processes;
    result.threads += threads;
    result.cpu_ns += cpuWithin(timeline, member, life.begin, life.end);
    addRusage(timeline, member, result);
  }
  scaleToCpu(result);
  return result;
}

Explained explainProcess(const Timeline& timeline, ProcessStates& states, int32_t process, bool count_idle) {
  Explained result;
  result.subject = WhySubject::process;
  result.process = process;
  const auto life = lifetimeOf(timeline, process).value_or(Lifetime{});
  result.begin = life.begin;
  result.end = life.end;
  result.ended = timeline.process(process).end_ts.has_value();
  result.threads = recordedThreads(timeline, process);
  BreakdownBuilder builder(timeline, count_idle);
  states.forEach(process, life.begin, life.end,
                 [&](const Piece& piece) { builder.add(process, piece.row, piece.begin, piece.end); });
  result.breakdown = builder.finish();
  result.cpu_ns = cpuWithin(timeline, process, life.begin, life.end);
  addRusage(timeline, process, result);
  scaleToCpu(result);
  return result;
}

Explained explainThread(const Timeline& timeline, int32_t thread, bool count_idle) {
  Explained result;
  result.subject = WhySubject::thread;
  result.thread = thread;
  result.process = timeline.thread(thread).process;
  const auto rows = timeline.statesOf(thread);
  if (rows.empty()) return result;
  result.begin = rows.front().begin;
  result.end = rows.back().end;
  result.ended = !rows.back().open;
  BreakdownBuilder builder(timeline, count_idle);
  int32_t index = timeline.firstState(thread);
  for (const StateRow row : rows) builder.add(result.process, index++, row.begin, row.end);
  result.breakdown = builder.finish();
  result.cpu_ns = result.breakdown.on_cpu_ns;
  return result;
}

}  // namespace tarry
