#include "query/why/ongoing_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/render/rows.h"
#include "query/render/units.h"

namespace tarry {
namespace {

constexpr size_t kGroupsShown = 4;
constexpr size_t kProcessesShown = 10;
constexpr size_t kKindColumns = 5;
constexpr size_t kStillShown = 6;

std::string threadSeconds(int64_t ns) {
  return formatDuration(ns);
}

class OngoingPrinter {
 public:
  OngoingPrinter(const Wording& wording, const Ongoing& ongoing, const WhyTextOptions& options,
                 std::ostream& out)
      : wording_(wording), timeline_(wording.timeline), ongoing_(ongoing), options_(options), out_(out) {}

  void header(const std::string& title) {
    const Breakdown& b = ongoing_.breakdown;
    const std::string level(timeline_.meta("level"));
    std::string text = inked(options_.style, Ink::bold, title);
    text += fmt::format(
        "   {}, {}   {}", counted(static_cast<uint64_t>(ongoing_.processes), "process", "processes"),
        counted(static_cast<uint64_t>(ongoing_.threads), "thread"), formatDuration(ongoing_.realNs()));
    if (!level.empty()) text += fmt::format("   level {}", level);
    if (timeline_.losses().empty()) text += ", nothing lost";
    line(text);
    const double cpus =
        ongoing_.realNs() > 0 ? static_cast<double>(b.on_cpu_ns) / static_cast<double>(ongoing_.realNs()) : 0;
    const std::string cpu_count(timeline_.meta("cpu_count"));
    line(fmt::format("  {} of thread time = {} idle + {} waiting + {} on CPU ({:.2f}{} CPUs)",
                     threadSeconds(b.total_ns), threadSeconds(b.idle_ns), threadSeconds(b.waiting_ns),
                     threadSeconds(b.on_cpu_ns), cpus, cpu_count.empty() ? "" : " of " + cpu_count));
    line("");
  }

  void kinds() {
    int64_t small_ns = 0;
    std::string small;
    for (const KindTotal& kind : ongoing_.breakdown.kinds) {
      if (kind.total_ns < options_.min_ns) {
        small_ns += kind.total_ns;
        small += fmt::format("{}{}", small.empty() ? "" : ", ", waitKindName(kind.kind));
        continue;
      }
      groups(waitKindName(kind.kind), kind.total_ns, kind.groups);
    }
    if (small_ns > 0) kindLine("other", threadSeconds(small_ns), "", small);
    if (!ongoing_.breakdown.kinds.empty()) line("");
  }

  void processes() {
    std::vector<size_t> kinds;  // the kinds that took most, as columns
    for (const KindTotal& kind : ongoing_.breakdown.kinds)
      if (kinds.size() < kKindColumns && kind.total_ns >= options_.min_ns)
        kinds.push_back(static_cast<size_t>(kind.kind));
    bool any_made = false;
    for (const OngoingProcess& p : ongoing_.ranking) any_made = any_made || p.made_wait_ns >= options_.min_ns;

    std::vector<RowColumn> columns = {{"process", "  process", Align::left},
                                      {"busy", "", Align::right},
                                      {"on_cpu", "on CPU", Align::right}};
    for (const size_t kind : kinds)
      columns.push_back({std::string(waitKindName(static_cast<WaitKind>(kind))), "", Align::right});
    if (any_made) columns.push_back({"made_wait", "others waited", Align::right});

    std::vector<std::vector<Cell>> rows;
    OngoingProcess rest;
    rest.by_kind.assign(kWaitKinds, 0);
    uint64_t rest_count = 0;
    for (const OngoingProcess& p : ongoing_.ranking) {
      if (rows.size() >= kProcessesShown || (!rows.empty() && p.busy_ns + p.made_wait_ns < options_.min_ns)) {
        ++rest_count;
        rest.busy_ns += p.busy_ns;
        rest.on_cpu_ns += p.on_cpu_ns;
        rest.made_wait_ns += p.made_wait_ns;
        for (size_t i = 0; i < rest.by_kind.size(); ++i) rest.by_kind[i] += p.by_kind[i];
        continue;
      }
      const ProcessInfoRow& info = timeline_.process(p.process);
      rows.push_back(cells(fmt::format("  {} {}", info.pid, processLabel(info, 44)), p, kinds, any_made));
    }
    if (rest_count > 0)
      rows.push_back(cells(fmt::format("  {} more", formatCount(rest_count)), rest, kinds, any_made));
    writeRows(RowFormat::table, options_.style, out_, columns, rows);
    line("");
  }

  void stillWaiting() {
    if (ongoing_.still_waiting.empty()) return;
    size_t shown = 0;
    for (const StillWaiting& wait : ongoing_.still_waiting) {
      if (shown++ == kStillShown) {
        line(fmt::format("  ! and {} more", ongoing_.still_waiting.size() - kStillShown));
        break;
      }
      const StateRow& row = timeline_.state(wait.row);
      const ThreadInfo& thread = timeline_.thread(row.thread);
      BreakdownBuilder builder(timeline_, true);
      builder.add(thread.process, wait.row, row.begin, row.end);
      const Breakdown one = builder.finish();
      const ProcessInfoRow& process = timeline_.process(thread.process);
      std::string since = formatDuration(wait.length_ns);
      if (row.began_before)
        since = row.since != 0 ? since + ", began before the recording" : "began before the recording";
      const std::string what =
          one.kinds.empty() ? "" : wording_.describe(one.kinds.front().groups.front(), false);
      line(fmt::format(
          "  ! still waiting at the end: {} {}{}: {}, {}", process.pid, processName(process),
          thread.tid == process.pid ? "" : fmt::format(" thread {} {}", thread.tid, printable(thread.name)),
          what.empty() ? std::string(waitKindName(row.kind)) : what, since));
    }
  }

  void conclusion() {
    const Breakdown& b = ongoing_.breakdown;
    std::string text;
    std::string command;
    const WaitGroup* largest = nullptr;
    for (const KindTotal& kind : b.kinds)
      for (const WaitGroup& group : kind.groups)
        if (largest == nullptr || group.total_ns > largest->total_ns) largest = &group;
    const int64_t busy = b.total_ns - b.idle_ns;
    if (busy < b.total_ns / 100 && b.on_cpu_ns < ongoing_.realNs() / 50) {
      text = b.idle.empty() ? "nothing is going on"
                            : fmt::format("idle, waiting for {}", waitingFor(wording_, b.idle.front()));
    } else if (largest == nullptr || b.on_cpu_ns >= largest->total_ns) {
      const std::string who =
          b.on_cpu.empty() ? "" : processWithPid(timeline_.process(b.on_cpu.front().index));
      text = fmt::format("mostly computing, most of it {}", who);
      if (largest != nullptr)
        text += fmt::format("; the longest wait is for {}", waitingFor(wording_, *largest));
      if (!options_.file.empty()) command = fmt::format("tarry query {} @processes", options_.file);
    } else {
      text = fmt::format("mostly waiting for {}", waitingFor(wording_, *largest));
      if (!largest->processes.empty()) {
        const ProcessInfoRow& worst = timeline_.process(largest->processes.front().index);
        if (ongoing_.processes > 1) text += fmt::format("; worst in {} {}", worst.pid, processName(worst));
        if (!options_.file.empty())
          command = ongoing_.processes > 1
                        ? fmt::format("tarry why {} --process {}", options_.file, worst.pid)
                        : nextCommand(*largest, wording_, options_.file);
      }
    }
    out_ << "  → " << inked(options_.style, Ink::bold, text);
    if (!command.empty()) out_ << ". See: " << command;
    out_ << '\n';
  }

  void line(std::string_view text) { out_ << cutTo(text, options_.style.width) << '\n'; }

 private:
  static std::vector<Cell> cells(const std::string& label, const OngoingProcess& p,
                                 const std::vector<size_t>& kinds, bool made) {
    std::vector<Cell> row{Cell::shown(Cell(label), label), Cell::duration(p.busy_ns), dash(p.on_cpu_ns)};
    for (const size_t kind : kinds) row.push_back(dash(p.by_kind[kind]));
    if (made) row.push_back(dash(p.made_wait_ns));
    return row;
  }
  static Cell dash(int64_t ns) { return ns == 0 ? Cell::shown(Cell(ns), "-") : Cell::duration(ns); }

  void groups(std::string_view name, int64_t total, const std::vector<WaitGroup>& list) {
    size_t shown = 0;
    int64_t rest_ns = 0;
    uint64_t rest_count = 0;
    std::string kind_name(name), kind_total = threadSeconds(total);
    for (const WaitGroup& group : list) {
      if (shown >= kGroupsShown || (shown > 0 && group.total_ns < options_.min_ns)) {
        rest_ns += group.total_ns;
        rest_count += group.count;
        continue;
      }
      ++shown;
      std::string what = wording_.describe(group, ongoing_.processes > 1);
      what += fmt::format("  {}, p50 {}, p99 {}, longest {}", counted(group.count, "wait"),
                          formatDuration(percentile(group.lengths, 0.50)),
                          formatDuration(percentile(group.lengths, 0.99)), formatDuration(group.longest_ns));
      kindLine(kind_name, kind_total, list.size() > 1 ? threadSeconds(group.total_ns) : "", what);
      kind_name.clear();
      kind_total.clear();
    }
    if (rest_ns > 0)
      kindLine("", "", threadSeconds(rest_ns),
               fmt::format("{}, {}", counted(list.size() - shown, "other"), counted(rest_count, "wait")));
  }

  static std::string pad(std::string_view text, int width, bool left) {
    const std::string space(static_cast<size_t>(std::max(0, width - displayWidth(text))), ' ');
    return left ? space + std::string(text) : std::string(text) + space;
  }
  void kindLine(std::string_view name, std::string_view total, std::string_view part, std::string_view what) {
    line(fmt::format("  {}{}{}   {}", inked(options_.style, Ink::cyan, pad(name, 9, false)),
                     pad(total, 11, true), part.empty() ? "" : pad(part, 11, true), what));
  }

  const Wording& wording_;
  const Timeline& timeline_;
  const Ongoing& ongoing_;
  const WhyTextOptions& options_;
  std::ostream& out_;
};

}  // namespace

void printOngoing(const Wording& wording, const Ongoing& ongoing, const std::string& title,
                  const WhyTextOptions& options, std::ostream& out) {
  OngoingPrinter printer(wording, ongoing, options, out);
  printer.header(title);
  printer.kinds();
  printer.processes();
  printer.stillWaiting();
  printer.conclusion();
}

}  // namespace tarry
