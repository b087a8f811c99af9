#include <fmt/format.h>

#include <algorithm>

#include "query/ci/run_summary.h"
#include "query/process_end.h"
#include "query/process_label.h"
#include "query/render/markdown.h"
#include "query/render/rows.h"
#include "query/render/units.h"

namespace tarry {
namespace {

constexpr size_t kWaitsListed = 6;
constexpr size_t kCommandsListed = 8;
constexpr int kLabelWidth = 80;

// Groups of all kinds, largest first.
std::vector<const WaitGroup*> largestWaits(const Breakdown& breakdown) {
  std::vector<const WaitGroup*> groups;
  for (const KindTotal& kind : breakdown.kinds)
    for (const WaitGroup& group : kind.groups) groups.push_back(&group);
  std::stable_sort(groups.begin(), groups.end(),
                   [](const WaitGroup* a, const WaitGroup* b) { return a->total_ns > b->total_ns; });
  return groups;
}

// `why` begins its conclusion in the middle of a line.
std::string sentence(std::string text) {
  if (text.starts_with("it ")) text[0] = 'I';  // not the name of a program
  return markdownText(text) + ".";
}

}  // namespace

std::string RunSummary::title() const {
  if (!explained_) {
    const std::string target = printable(timeline_.meta("target"));
    return target.empty() ? std::string("the whole machine") : markdownCode(target);
  }
  return markdownCode(processLabel(timeline_.process(explained_->process), kLabelWidth));
}

std::string RunSummary::outcome(std::optional<int> exit_status, bool missed) const {
  const std::string real = formatDuration(realNs());
  if (!explained_) return fmt::format("was recorded for {}{}", real, missed ? " and is over its budget" : "");
  const std::optional<int> status = exit_status ? exit_status : exitStatus();
  if (!status) return fmt::format("had not ended when the recording did, after {}", real);
  if (*status == 0)
    return missed ? fmt::format("passed, but is over its budget: it took {}", real)
                  : fmt::format("passed after {}", real);
  const ProcessInfoRow& p = timeline_.process(explained_->process);
  if (p.exit_signal) return fmt::format("was ended by {} after {}", endingSignal(timeline_, p), real);
  return fmt::format("failed with exit status {} after {}", *status, real);
}

void RunSummary::writeBudgetTable(const std::vector<BudgetVerdict>& verdicts, std::ostream& out) const {
  const std::vector<RowColumn> columns = {{"budget", "", Align::left},
                                          {"took", "", Align::right},
                                          {"allowed", "", Align::right},
                                          {"verdict", " ", Align::left}};
  std::vector<std::vector<Cell>> rows;
  for (const BudgetVerdict& v : verdicts)
    rows.push_back({Cell(v.budget.key), Cell::duration(v.measured_ns), Cell::duration(v.budget.allowed_ns),
                    Cell(v.missed() ? "missed" : "kept")});
  writeRows(RowFormat::markdown, {}, out, columns, rows);
  out << '\n';
}

// Its rows add up to the real time (thread time where no command was recorded).
void RunSummary::writeTimeTable(std::ostream& out) const {
  const Breakdown& b = breakdown_;
  const std::vector<RowColumn> columns = {
      {"kind", ofCommand() ? "what its time went to" : "what thread time went to", Align::left},
      {"ns", "time", Align::right},
      {"percent", "part", Align::right},
      {"what", "for what", Align::left}};
  std::vector<std::vector<Cell>> rows;
  const auto add = [&](std::string_view name, int64_t ns, const std::string& what) {
    if (ns > 0)
      rows.push_back({Cell(name), Cell::duration(ns), Cell(formatPercent(ns, b.total_ns)), Cell(what)});
  };
  DescribeStyle style;
  style.several = b.share.size() > 1;
  if (explained_) style.self = explained_->process;
  int64_t other_ns = b.waiting_ns;
  size_t listed = 0;
  add("on CPU", b.on_cpu_ns, "");
  for (const WaitGroup* group : largestWaits(b)) {
    if (listed == kWaitsListed || group->total_ns * 100 < b.total_ns) break;
    add(waitKindName(group->kind), group->total_ns, wording_.describe(*group, style));
    other_ns -= group->total_ns;
    ++listed;
  }
  add("other waits", other_ns, "");
  add("idle", b.idle_ns, "");
  add("state unknown", b.unknown_ns, b.unknown_ns > 0 ? unknownReason(timeline_, b) : "");
  writeRows(RowFormat::markdown, {}, out, columns, rows);
  out << '\n';
}

void RunSummary::writeCommandTable(std::ostream& out) const {
  const std::vector<RowColumn> columns = {
      {"command", "slowest commands", Align::left},
      {"part_ns", ofCommand() ? "of the real time" : "thread time", Align::right},
      {"dur_ns", "lived", Align::right},
      {"cpu_ns", "on CPU", Align::right},
      {"exit", "", Align::left}};
  std::vector<std::vector<Cell>> rows;
  for (const RunCommand& command : slowestCommands(kCommandsListed)) {
    const auto& life = command.facts.life;
    rows.push_back({Cell(processWithPid(timeline_.process(command.process), kLabelWidth)),
                    Cell::duration(command.part_ns), life ? Cell::duration(life->end - life->begin) : Cell(),
                    Cell::duration(command.facts.cpu_ns), Cell(command.facts.exit)});
  }
  writeRows(RowFormat::markdown, {}, out, columns, rows);
  out << '\n';
}

void RunSummary::writeMarkdown(const std::vector<BudgetVerdict>& verdicts, std::optional<int> exit_status,
                               const std::string& file, std::ostream& out) const {
  out << fmt::format("### {} {}\n\n", title(), outcome(exit_status, anyMissed(verdicts)));
  for (const std::string& note : notes_) out << "> " << markdownText(note) << "\n\n";
  if (!verdicts.empty()) writeBudgetTable(verdicts, out);
  std::string see;
  if (explained_) {
    const Conclusion c = conclude(wording_, *explained_, moved_, file);
    out << sentence(c.text) << "\n\n";
    if (!c.cause.empty()) out << "**Probably because of** " << markdownText(c.cause) << ".\n\n";
    see = c.command;
  }
  writeTimeTable(out);
  writeCommandTable(out);
  out << fmt::format(
      "{} of CPU time in {} and {}; recorded at level {} by {}.\n", formatDuration(measures().cpu_ns),
      counted(static_cast<uint64_t>(processes_), "process", "processes"),
      counted(static_cast<uint64_t>(threads_), "thread"), timeline_.meta("level"), timeline_.meta("backend"));
  if (!file.empty()) out << fmt::format("Trace: {}", markdownCode(file));
  if (!file.empty() && !see.empty()) out << fmt::format("; next: {}", markdownCode(see));
  if (!file.empty()) out << '\n';
}

}  // namespace tarry
