#include "query/why/text.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/process_end.h"
#include "query/render/rows.h"
#include "query/render/units.h"

namespace tarry {
namespace {

constexpr size_t kGroupsShown = 5;  // of one kind
constexpr size_t kProcessesShown = 6;

std::string padLeft(std::string_view text, int width) {
  return std::string(static_cast<size_t>(std::max(0, width - displayWidth(text))), ' ') + std::string(text);
}
std::string padRight(std::string_view text, int width) {
  return std::string(text) + std::string(static_cast<size_t>(std::max(0, width - displayWidth(text))), ' ');
}

class Printer {
 public:
  Printer(const Wording& wording, const Explained& e, const WhyTextOptions& options, std::ostream& out)
      : wording_(wording),
        timeline_(wording.timeline),
        e_(e),
        options_(options),
        out_(out),
        width_(layoutWidth(options.style)) {}

  void header() {
    const ProcessInfoRow& p = timeline_.process(e_.process);
    std::string title;
    if (e_.subject == WhySubject::thread) {
      const ThreadInfo& t = timeline_.thread(e_.thread);
      title += fmt::format("   thread {} {}", t.tid, printable(t.name));
    }
    title += fmt::format("   pid {}", p.pid);
    if (e_.subject == WhySubject::command && e_.processes > 1)
      title += fmt::format(" and {}", counted(static_cast<uint64_t>(e_.processes - 1), "descendant"));
    else if (e_.subject != WhySubject::thread && e_.threads > 1)
      title += fmt::format(", {} threads", e_.threads);
    std::string times = fmt::format("{} real, {} CPU time ({})", formatDuration(e_.realNs()),
                                    formatDuration(e_.cpu_ns), formatPercent(e_.cpu_ns, e_.realNs()));
    if (p.exit_signal && e_.subject != WhySubject::thread)
      times += ", killed by " + endingSignal(timeline_, p);
    else if (p.exit_code.value_or(0) != 0 && e_.subject != WhySubject::thread)
      times += fmt::format(", exit status {}", *p.exit_code);
    else if (!e_.ended) times += ", still there at the end";
    constexpr int kTellingLabel = 36;
    const std::string label = processLabel(p, 0);
    const int beside = width_ - displayWidth(title) - 3 - displayWidth(times);
    const bool one_line = displayWidth(label) <= beside || beside >= kTellingLabel;
    const int room = one_line ? beside : std::max(kTellingLabel, width_ - displayWidth(title));
    line(inked(options_.style, Ink::bold, processLabel(p, room)) + title + (one_line ? "   " + times : ""));
    if (!one_line) line("  " + times);
  }

  void waits() {
    const Breakdown& b = e_.breakdown;
    if (b.waiting_ns > 0) {
      line(fmt::format("  waiting {} ({})", formatDuration(b.waiting_ns),
                       formatPercent(b.waiting_ns, b.total_ns)));
      int64_t small_ns = 0;
      std::string small;
      for (const KindTotal& total : b.kinds) {
        if (total.total_ns < options_.min_ns && b.kinds.size() > 1 && &total != &b.kinds.front()) {
          small_ns += total.total_ns;
          small += fmt::format("{}{}", small.empty() ? "" : ", ", waitKindName(total.kind));
          continue;
        }
        kind(total);
      }
      if (small_ns > 0) kindLine("other", small_ns, small);
    }
  }

  void kind(const KindTotal& total) {
    if (total.groups.size() == 1) {
      kindLine(waitKindName(total.kind), total.total_ns, details(total.groups.front(), kKindMargin));
      return;
    }
    kindLine(waitKindName(total.kind), total.total_ns,
             howOften(total.count, total.longest_ns, total.total_ns));
    groups(total.groups);
  }

  void groups(const std::vector<WaitGroup>& list) {
    size_t shown = 0;
    int64_t rest_ns = 0;
    uint64_t rest = 0;
    for (const WaitGroup& group : list) {
      if (shown >= kGroupsShown || (shown > 0 && group.total_ns < options_.min_ns)) {
        rest_ns += group.total_ns;
        rest += group.count;
        continue;
      }
      ++shown;
      groupLine(group.total_ns, details(group, kGroupMargin));
    }
    if (rest_ns > 0)
      groupLine(rest_ns, fmt::format("{}, {}", counted(list.size() - shown, "other"), counted(rest, "wait")));
  }

  void onCpu(const DataMoved& moved) {
    const Breakdown& b = e_.breakdown;
    std::string text =
        fmt::format("  on CPU {} ({})", formatDuration(b.on_cpu_ns), formatPercent(b.on_cpu_ns, b.total_ns));
    std::string split = cpuSplit(moved);
    // The split is of the CPU time of all threads: said where that is another number.
    const bool parallel = e_.cpu_ns > b.on_cpu_ns + b.on_cpu_ns / 100;
    if (parallel) {
      text += ", at times on several CPUs";
      split = fmt::format("{} CPU time{}{}", formatDuration(e_.cpu_ns), split.empty() ? "" : ", ", split);
    }
    if (!split.empty()) text += ": " + split;
    line(text);
  }

  void idle() {
    const Breakdown& b = e_.breakdown;
    if (b.idle_ns == 0 || options_.hide_idle) return;
    line(fmt::format("  idle {} ({}), until someone wants something", formatDuration(b.idle_ns),
                     formatPercent(b.idle_ns, b.total_ns)));
    groups(b.idle);
  }

  void unknown() {
    const Breakdown& b = e_.breakdown;
    if (b.unknown_ns == 0) return;
    line(fmt::format("  unknown {} ({}): {}", formatDuration(b.unknown_ns),
                     formatPercent(b.unknown_ns, b.total_ns), unknownReason(timeline_, b)));
  }

  // Who was running or waiting in that time; of use only where there are several.
  void byProcess() {
    const auto& shares = e_.breakdown.share;
    if (shares.size() < 2) return;
    line("");
    line("  whose time it was");
    size_t shown = 0;
    int64_t rest = 0;
    for (const Share& share : shares) {
      if (shown == kProcessesShown || (shown > 0 && share.total_ns < options_.min_ns)) {
        rest += share.total_ns;
        continue;
      }
      ++shown;
      const ProcessInfoRow& process = timeline_.process(share.index);
      const std::string after = fmt::format(", pid {}{}", process.pid, onCpuOf(share.index));
      const int room = std::max(12, width_ - kGroupMargin - 7 - displayWidth(after));
      groupLine(share.total_ns,
                fmt::format("{:>5}  {}{}", formatPercent(share.total_ns, e_.breakdown.total_ns),
                            processLabel(process, room), after));
    }
    if (rest > 0)
      groupLine(rest, fmt::format("{:>5}  {}", formatPercent(rest, e_.breakdown.total_ns),
                                  counted(shares.size() - shown, "other process", "other processes")));
  }

  void moved(const DataMoved& data) {
    constexpr int64_t kWorthSaying = 1 << 20;
    const auto say = [&](std::string_view what, int64_t total, const std::vector<MovedBytes>& list) {
      if (total < kWorthSaying || list.empty()) return;
      const MovedBytes& first = list.front();
      std::string text = fmt::format("  {} {}", what, formatSize(static_cast<uint64_t>(total)));
      if (first.bytes < total - total / 100)
        text += fmt::format(", {} of it", formatSize(static_cast<uint64_t>(first.bytes)));
      text += what == "wrote" ? " to " : " from ";
      const std::string calls = " in " + counted(static_cast<uint64_t>(first.calls), "call");
      const int room = std::max(16, width_ - displayWidth(text) - displayWidth(calls));
      line(text + elidePath(first.name, room) + calls);
    };
    say("wrote", data.written_bytes, data.written);
    say("read", data.read_bytes, data.read);
  }

  void threads() {
    const auto& ids = timeline_.process(e_.process).threads;
    std::vector<std::pair<Explained, int32_t>> list;
    for (const int32_t id : ids)
      if (!timeline_.statesOf(id).empty()) list.emplace_back(explainThread(timeline_, id, false), id);
    std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
      return a.first.breakdown.total_ns - a.first.breakdown.idle_ns >
             b.first.breakdown.total_ns - b.first.breakdown.idle_ns;
    });
    line("");
    const std::vector<RowColumn> columns = {{"tid", "  thread", Align::right},  {"name", "", Align::left},
                                            {"on_cpu", "on CPU", Align::right}, {"waiting", "", Align::right},
                                            {"idle", "", Align::right},         {"mostly", "", Align::left}};
    std::vector<std::vector<Cell>> rows;
    for (const auto& [e, id] : list) {
      const Breakdown& b = e.breakdown;
      const WaitGroup* top = b.kinds.empty() ? nullptr : &b.kinds.front().groups.front();
      if (top == nullptr && !b.idle.empty()) top = &b.idle.front();
      std::string mostly;
      if (top != nullptr && top->total_ns > b.on_cpu_ns)
        mostly = fmt::format("{}: {}", top->role == WaitRole::idle ? "idle" : waitKindName(top->kind),
                             wording_.describe(*top, {.tags = true}));
      else mostly = "on CPU";
      const ThreadInfo& t = timeline_.thread(id);
      rows.push_back({Cell(t.tid), Cell(printable(t.name)), Cell::duration(b.on_cpu_ns),
                      Cell::duration(b.waiting_ns), Cell::duration(b.idle_ns), Cell(mostly)});
    }
    writeRows(RowFormat::table, options_.style, out_, columns, rows);
  }

  void conclusion(const DataMoved& data) {
    printConclusion(conclude(wording_, e_, data, options_.file), options_.style, out_);
  }

  void line(std::string_view text) { out_ << cutTo(text, options_.style.width) << '\n'; }

 private:
  static constexpr int kKindMargin = 32;   // columns before the text of a kindLine
  static constexpr int kGroupMargin = 20;  // and of a groupLine

  std::string howOften(uint64_t count, int64_t longest_ns, int64_t total_ns) const {
    constexpr int kRoomForLongest = 96;
    std::string text = counted(count, "wait");
    // One that is nearly all of them is told by the total.
    const bool all = longest_ns >= total_ns - total_ns / 10;
    if (!all && width_ >= kRoomForLongest) text += ", longest " + formatDuration(longest_ns);
    return text;
  }

  std::string details(const WaitGroup& group, int margin) const {
    const std::string after = "  " + howOften(group.count, group.longest_ns, group.total_ns);
    DescribeStyle style;
    style.several = e_.processes > 1;
    style.self = e_.process;
    style.width = std::max(20, width_ - margin - displayWidth(after));
    return wording_.describe(group, style) + after;
  }

  // How the CPU time divides: what is known best.
  std::string cpuSplit(const DataMoved& moved) const {
    if (e_.subject == WhySubject::thread) return {};
    if (e_.user_ns && e_.system_ns && e_.cpu_ns >= kTellingTicksNs)
      return fmt::format("{} user, {} system", formatDuration(*e_.user_ns), formatDuration(*e_.system_ns));
    if (!moved.calls_cpu_ns || *moved.calls_cpu_ns > e_.cpu_ns) return {};
    return fmt::format("{} in system calls, {} outside", formatDuration(*moved.calls_cpu_ns),
                       formatDuration(e_.cpu_ns - *moved.calls_cpu_ns));
  }

  void kindLine(std::string_view name, int64_t total, std::string_view what) {
    line(fmt::format("    {}{}{}   {}", inked(options_.style, Ink::cyan, padRight(name, 9)),
                     padLeft(formatDuration(total), 10),
                     padLeft(formatPercent(total, e_.breakdown.total_ns), 6), what));
  }

  void groupLine(int64_t total, std::string_view what) {
    line(fmt::format("      {}  {}", padLeft(formatDuration(total), 12), what));
  }

  std::string onCpuOf(int32_t process) const {
    for (const Share& share : e_.breakdown.on_cpu)
      if (share.index == process) return fmt::format("  ({} on CPU)", formatDuration(share.total_ns));
    return {};
  }

  const Wording& wording_;
  const Timeline& timeline_;
  const Explained& e_;
  const WhyTextOptions& options_;
  std::ostream& out_;
  int width_;
};

}  // namespace

void printConclusion(const Conclusion& conclusion, const TextStyle& style, std::ostream& out) {
  // Never cut: it is what the reader came for, and the command is there to be copied.
  const std::string indent = "    ";
  const int room = style.width - displayWidth(indent);
  const auto wrapped = [&](const std::string& text, const std::string& next) {
    return style.width > 0 ? wrapText(text, room, next) : text;
  };
  const std::string shown = wrapped(conclusion.text, indent);
  const std::string see = conclusion.command.empty() ? "" : "See: " + conclusion.command;
  const size_t last_line = shown.rfind('\n') == std::string::npos ? 0 : shown.rfind('\n') + 1;
  const int column = displayWidth(indent) + displayWidth(shown.substr(last_line));
  out << "  → " << inked(style, Ink::bold, shown);
  if (!conclusion.cause.empty())
    out << '\n' << indent << wrapped("Probably because of " + conclusion.cause, indent + "  ");
  if (!see.empty()) {
    if (conclusion.cause.empty() && column + 2 + displayWidth(see) <= layoutWidth(style)) out << ". " << see;
    else out << '\n' << indent << see;
  }
  out << '\n';
}

void printExplained(const Wording& wording, const Explained& explained, const DataMoved& moved,
                    const WhyTextOptions& options, std::ostream& out) {
  Printer printer(wording, explained, options, out);
  printer.header();
  printer.line("");
  printer.waits();
  printer.onCpu(moved);
  printer.idle();
  printer.unknown();
  printer.moved(moved);
  if (explained.subject == WhySubject::command) printer.byProcess();
  if (options.threads && explained.subject != WhySubject::thread) printer.threads();
  printer.conclusion(moved);
}

}  // namespace tarry
