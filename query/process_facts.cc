#include "query/process_facts.h"

#include <algorithm>

#include "analyzer/decode/text.h"

namespace tarry {
namespace {

std::string exitText(const ProcessInfoRow& p, bool lived) {
  if (p.exit_signal) {
    std::string signal;
    decode::appendSignal(signal, static_cast<uint32_t>(*p.exit_signal));
    return signal;
  }
  if (p.exit_code) return std::to_string(*p.exit_code);
  return lived ? "running" : "";
}

}  // namespace

int64_t threadCpu(const Timeline& timeline, int32_t thread, int64_t from_ns) {
  int64_t total = 0;
  for (const StateRow row : timeline.statesOf(thread))
    if (row.state == RunState::running && row.end > from_ns) total += row.end - std::max(row.begin, from_ns);
  return total;
}

ProcessFacts processFacts(const Timeline& timeline, int32_t process) {
  const ProcessInfoRow& p = timeline.process(process);
  ProcessFacts facts;
  facts.life = commandLife(timeline, process);
  // The command's process waits for the recording to begin; its start is its first program.
  const bool command_root = process == timeline.commandRoot() && facts.life;
  if (command_root) facts.start_ns = facts.life->begin;
  else if (!p.existed && p.start_ts) facts.start_ns = p.start_ts;
  else if (!p.existed && facts.life) facts.start_ns = facts.life->begin;
  for (const int32_t thread : p.threads)
    facts.cpu_ns += threadCpu(timeline, thread, command_root ? facts.life->begin : INT64_MIN);
  facts.exit = exitText(p, facts.life.has_value());
  return facts;
}

}  // namespace tarry
