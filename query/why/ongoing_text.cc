#include "query/why/ongoing_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "query/render/rows.h"
#include "query/render/units.h"

namespace tarry {
namespace {

// A screenful: about forty lines in all.
constexpr size_t kWaitLines = 18;
constexpr size_t kGroupsShown = 4;  // of one kind
constexpr size_t kProcessesShown = 8;
constexpr size_t kKindColumns = 5;
constexpr size_t kStillShown = 5;

std::string padLeft(std::string_view text, int width) {
  return std::string(static_cast<size_t>(std::max(0, width - displayWidth(text))), ' ') + std::string(text);
}
std::string padRight(std::string_view text, int width) {
  return std::string(text) + std::string(static_cast<size_t>(std::max(0, width - displayWidth(text))), ' ');
}

// Columns from which on there is room for more than what matters most.
constexpr int kRoomForPercentiles = 96;

// Thread time is counted in seconds, however many.
std::string threadTime(int64_t ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  if (ns < 60 * kSecond) return formatDuration(ns);
  return formatCount(static_cast<uint64_t>(ns / kSecond + (ns % kSecond >= kSecond / 2 ? 1 : 0))) + " s";
}

// The columns of the waits: kind, time and what they were for, then how often and how long.
struct WaitColumns {
  static constexpr int kKind = 9, kTime = 10, kCount = 9, kLength = 10;
  int what = 0;
  bool percentiles = true;

  explicit WaitColumns(int width) {
    percentiles = width >= kRoomForPercentiles;
    const int lengths = percentiles ? 3 : 1;
    what = std::max(16, width - 2 - kKind - kTime - 2 - kCount - lengths * kLength);
  }
};

class OngoingPrinter {
 public:
  OngoingPrinter(const Wording& wording, const Ongoing& ongoing, const WhyTextOptions& options,
                 std::ostream& out)
      : wording_(wording),
        timeline_(wording.timeline),
        ongoing_(ongoing),
        options_(options),
        out_(out),
        width_(layoutWidth(options.style)),
        columns_(width_) {}

  void header(const std::string& title) {
    const Breakdown& b = ongoing_.breakdown;
    const std::string level(timeline_.meta("level"));
    std::string text = fmt::format(
        "   {}, {}   {}", counted(static_cast<uint64_t>(ongoing_.processes), "process", "processes"),
        counted(static_cast<uint64_t>(ongoing_.threads), "thread"), formatDuration(ongoing_.realNs()));
    if (!level.empty()) text += fmt::format("   level {}", level);
    if (timeline_.losses().empty()) text += ", nothing lost";
    line(inked(options_.style, Ink::bold, elidePath(title, std::max(16, width_ - displayWidth(text)))) +
         text);

    const double cpus =
        ongoing_.realNs() > 0 ? static_cast<double>(b.on_cpu_ns) / static_cast<double>(ongoing_.realNs()) : 0;
    const std::string cpu_count(timeline_.meta("cpu_count"));
    text = fmt::format("{} of thread time = {} idle + {} waiting + {} on CPU ({:.2f}{} CPUs)",
                       threadTime(b.total_ns), threadTime(b.idle_ns), threadTime(b.waiting_ns),
                       threadTime(b.on_cpu_ns), cpus, cpu_count.empty() ? "" : " of " + cpu_count);
    if (b.unknown_ns > 0) text += fmt::format(" + {} unknown", threadTime(b.unknown_ns));
    prose("  ", text);
    line("");
  }

  void waits() {
    const auto& kinds = ongoing_.breakdown.kinds;
    if (kinds.empty()) return;
    waitTitles();
    size_t lines_left = kWaitLines;
    int64_t small_ns = 0;
    uint64_t small_count = 0;
    int64_t small_longest = 0;
    std::string small;
    for (size_t i = 0; i < kinds.size(); ++i) {
      const KindTotal& kind = kinds[i];
      if (kind.total_ns < options_.min_ns && i > 0) {
        small_ns += kind.total_ns;
        small_count += kind.count;
        small_longest = std::max(small_longest, kind.longest_ns);
        small += fmt::format("{}{}", small.empty() ? "" : ", ", waitKindName(kind.kind));
        continue;
      }
      // Every kind gets its line.
      const size_t reserved = kinds.size() - i - 1;
      lines_left -= kindLines(kind, lines_left > reserved ? lines_left - reserved : 1);
    }
    if (small_ns > 0) waitLine("other", small_ns, small, small_count, nullptr, small_longest);
    line("");
  }

  void processes() {
    std::vector<size_t> kinds;  // the kinds that took most, as columns
    for (const KindTotal& kind : ongoing_.breakdown.kinds)
      if (kinds.size() < kKindColumns && kind.total_ns >= options_.min_ns && kind.kind != WaitKind::unknown)
        kinds.push_back(static_cast<size_t>(kind.kind));
    ProcessTable table(*this, std::move(kinds));
    OngoingProcess rest;
    rest.by_kind.assign(kWaitKinds, 0);
    uint64_t rest_count = 0;
    size_t shown = 0;
    for (const OngoingProcess& p : ongoing_.ranking) {
      // One more would take the line that sums it up.
      const bool last = shown == kProcessesShown && &p == &ongoing_.ranking.back();
      const bool large = p.weight() >= options_.min_ns;
      if (shown == 0 || (large && (shown < kProcessesShown || last))) {
        ++shown;
        table.add(p);
        continue;
      }
      ++rest_count;
      rest.busy_ns += p.busy_ns;
      rest.on_cpu_ns += p.on_cpu_ns;
      rest.made_wait_ns += p.made_wait_ns;
      rest.unknown_ns += p.unknown_ns;
      for (size_t i = 0; i < rest.by_kind.size(); ++i) rest.by_kind[i] += p.by_kind[i];
    }
    if (rest_count > 0)
      table.addRest(fmt::format("{} {}{}", formatCount(rest_count), shown > 0 ? "more" : "processes",
                                rest.weight() + rest.unknown_ns == 0 ? ", idle" : ""),
                    rest);
    table.write();
    line("");
  }

  void stillWaiting() {
    const auto& list = ongoing_.still_waiting;
    for (size_t i = 0; i < list.size(); ++i) {
      if (i == kStillShown && list.size() > kStillShown + 1) {
        line(fmt::format("  ! and {} more", list.size() - kStillShown));
        break;
      }
      stillLine(list[i]);
    }
  }

  void unknown() {
    const Breakdown& b = ongoing_.breakdown;
    if (b.unknown_ns == 0) return;
    std::string text = fmt::format("{} unknown: {}", threadTime(b.unknown_ns), unknownReason(timeline_, b));
    if (!b.unknown.empty() && ongoing_.processes > 1)
      text += fmt::format(", {} of {}", threadTime(b.unknown.front().total_ns),
                          processTag(timeline_.process(b.unknown.front().index)));
    prose("  ", text);
  }

  void conclusion() {
    const Breakdown& b = ongoing_.breakdown;
    std::string text;
    std::string command;
    const WaitGroup* largest = b.largestWait();
    const int64_t busy = b.on_cpu_ns + b.waiting_ns;
    if (busy < b.total_ns / 100 && b.on_cpu_ns < ongoing_.realNs() / 50) {
      text = b.idle.empty() ? "nothing is going on"
                            : fmt::format("idle, waiting for {}", waitingFor(wording_, tellingIdle(b), true));
    } else if (largest == nullptr || b.on_cpu_ns >= largest->total_ns) {
      const int64_t not_understood = ofKind(WaitKind::unknown);
      text = not_understood <= b.on_cpu_ns
                 ? "mostly computing"
                 : fmt::format("what it waits for ({}) is not understood; otherwise computing",
                               threadTime(not_understood));
      if (!b.on_cpu.empty() && ongoing_.processes > 1)
        text += ", most of it " + processTag(timeline_.process(b.on_cpu.front().index));
      if (largest != nullptr)
        text += fmt::format("; the longest wait{} is for {}",
                            not_understood > b.on_cpu_ns ? " that is understood" : "",
                            waitingFor(wording_, *largest, true));
      if (!options_.file.empty()) command = fmt::format("tarry query {} @processes", options_.file);
    } else {
      text = fmt::format(
          "{} for {}", largest->total_ns * 2 >= busy ? "mostly waiting" : "waiting for many things, longest",
          waitingFor(wording_, *largest, true));
      if (!largest->processes.empty()) {
        const ProcessInfoRow& worst = timeline_.process(largest->processes.front().index);
        if (ongoing_.processes > 1) text += "; worst in " + processTag(worst);
        if (!options_.file.empty())
          command = ongoing_.processes > 1
                        ? fmt::format("tarry why {} --process {}", options_.file, worst.pid)
                        : nextCommand(*largest, wording_, options_.file);
      }
    }
    printConclusion({text, command}, options_.style, out_);
  }

 private:
  // Processes as rows, kinds as columns; what no process shown has is left out.
  class ProcessTable {
   public:
    ProcessTable(OngoingPrinter& printer, std::vector<size_t> kinds)
        : printer_(printer), kinds_(std::move(kinds)) {}

    void add(const OngoingProcess& p) { entries_.push_back({p.process, {}, p}); }
    void addRest(std::string label, const OngoingProcess& p) {
      entries_.push_back({kNone, std::move(label), p});
    }

    void write() {
      // What the numbers leave is for the names; kinds go, the smallest first, where that is too little.
      constexpr int kShortest = 26, kLongest = 60;
      while (kinds_.size() > 2 && room() < kShortest) kinds_.pop_back();
      const int names = std::clamp(room(), kShortest - 8, kLongest);
      std::vector<RowColumn> columns = {{"process", "  process", Align::left}};
      for (const Column& column : numbers()) columns.push_back({column.title, "", Align::right});
      std::vector<std::vector<Cell>> rows;
      for (const Entry& entry : entries_) {
        std::vector<Cell> row{Cell(label(entry, names))};
        for (const Column& column : numbers()) row.push_back(cell(column.value(entry.sums)));
        rows.push_back(std::move(row));
      }
      writeRows(RowFormat::table, printer_.options_.style, printer_.out_, columns, rows);
    }

   private:
    struct Entry {
      int32_t process = kNone;
      std::string label;
      OngoingProcess sums;
    };

    struct Column {
      std::string title;
      std::function<int64_t(const OngoingProcess&)> value;
    };

    // Kinds without a column of their own.
    int64_t otherWaits(const OngoingProcess& p) const {
      int64_t ns = p.busy_ns - p.on_cpu_ns;
      for (const size_t kind : kinds_) ns -= p.by_kind[kind];
      return ns;
    }

    // Those that say something about the processes shown; "not idle" is the sum of those up to "other waits".
    std::vector<Column> numbers() const {
      std::vector<Column> columns = {{"not idle", [](const OngoingProcess& p) { return p.busy_ns; }},
                                     {"on CPU", [](const OngoingProcess& p) { return p.on_cpu_ns; }}};
      for (const size_t kind : kinds_)
        columns.push_back({std::string(waitKindName(static_cast<WaitKind>(kind))),
                           [kind](const OngoingProcess& p) { return p.by_kind[kind]; }});
      const Column more[] = {{"other waits", [this](const OngoingProcess& p) { return otherWaits(p); }},
                             {"unknown", [](const OngoingProcess& p) { return p.unknown_ns; }},
                             {"made others wait", [](const OngoingProcess& p) { return p.made_wait_ns; }}};
      for (const Column& column : more)
        if (std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
              return column.value(entry.sums) >= printer_.options_.min_ns;
            }))
          columns.push_back(column);
      return columns;
    }

    int room() const {
      int room = printer_.width_;
      for (const Column& column : numbers()) {
        int width = displayWidth(column.title);
        for (const Entry& entry : entries_)
          width = std::max(width, displayWidth(cell(column.value(entry.sums)).text));
        room -= width + 2;
      }
      return room;
    }

    std::string label(const Entry& entry, int room) const {
      if (entry.process == kNone) return "  " + entry.label;
      const ProcessInfoRow& info = printer_.timeline_.process(entry.process);
      const std::string pid = fmt::format("  {} ", info.pid);
      const int left = std::max(8, room - displayWidth(pid));
      std::string name = processLabel(info, 0);
      // A command line that does not fit says less than the program and its script.
      if (displayWidth(name) > left) name = processShort(info);
      return pid + cutTo(name, left);
    }
    static Cell cell(int64_t ns) { return ns == 0 ? Cell::shown(Cell(ns), "-") : Cell::duration(ns); }

    OngoingPrinter& printer_;
    std::vector<size_t> kinds_;
    std::vector<Entry> entries_;
  };

  int64_t ofKind(WaitKind wanted) const {
    for (const KindTotal& kind : ongoing_.breakdown.kinds)
      if (kind.kind == wanted) return kind.total_ns;
    return 0;
  }

  // Returns the number of lines that it took, at most `most`.
  size_t kindLines(const KindTotal& kind, size_t most) {
    const std::string_view name = waitKindName(kind.kind);
    if (kind.groups.size() == 1) {
      const WaitGroup& group = kind.groups.front();
      waitLine(name, group.total_ns, describe(group, 0), group.count, &group.lengths, group.longest_ns);
      return 1;
    }
    std::vector<int64_t> lengths;
    for (const WaitGroup& group : kind.groups)
      lengths.insert(lengths.end(), group.lengths.begin(), group.lengths.end());
    std::sort(lengths.begin(), lengths.end());
    waitLine(name, kind.total_ns, "", kind.count, &lengths, kind.longest_ns);

    size_t lines = 1, shown = 0;
    int64_t rest_ns = 0, rest_longest = 0;
    uint64_t rest_count = 0;
    // What is less than a hundredth of its kind is of no interest here.
    const int64_t worth = std::max(options_.min_ns, kind.total_ns / 100);
    for (const WaitGroup& group : kind.groups) {
      // The line that sums up the rest is one of them, too.
      const bool room = lines + 1 < most && shown < kGroupsShown;
      if (shown == 0 ? most > 1 : room && group.total_ns >= worth) {
        waitLine("", group.total_ns, "  " + describe(group, 2), group.count, &group.lengths,
                 group.longest_ns);
        ++shown;
        ++lines;
        continue;
      }
      rest_ns += group.total_ns;
      rest_count += group.count;
      rest_longest = std::max(rest_longest, group.longest_ns);
    }
    if (rest_ns > 0 && shown > 0) {
      waitLine("", rest_ns, fmt::format("  {}", counted(kind.groups.size() - shown, "other")), rest_count,
               nullptr, rest_longest);
      ++lines;
    }
    return std::min(lines, most);
  }

  std::string describe(const WaitGroup& group, int indent) const {
    DescribeStyle style;
    style.several = ongoing_.processes > 1;
    style.tags = true;
    style.width = columns_.what - indent;
    return wording_.describe(group, style);
  }

  void waitTitles() {
    std::string text = padRight("", 2 + WaitColumns::kKind + WaitColumns::kTime + 2 + columns_.what);
    text += padLeft("waits", WaitColumns::kCount);
    if (columns_.percentiles)
      text += padLeft("p50", WaitColumns::kLength) + padLeft("p99", WaitColumns::kLength);
    text += padLeft("longest", WaitColumns::kLength);
    line(inked(options_.style, Ink::bold, text));
  }

  // `lengths`: of each wait, ascending; nullptr: percentiles would say nothing.
  void waitLine(std::string_view kind, int64_t total, const std::string& what, uint64_t count,
                const std::vector<int64_t>* lengths, int64_t longest) {
    std::string text = "  " + inked(options_.style, Ink::cyan, padRight(kind, WaitColumns::kKind));
    text += padLeft(formatDuration(total), WaitColumns::kTime) + "  ";
    text += padRight(cutTo(what, columns_.what), columns_.what);
    text += padLeft(formatCount(count), WaitColumns::kCount);
    if (columns_.percentiles)
      for (const double fraction : {0.50, 0.99})
        text += padLeft(lengths != nullptr ? formatDuration(percentile(*lengths, fraction)) : "",
                        WaitColumns::kLength);
    text += padLeft(formatDuration(longest), WaitColumns::kLength);
    line(text);
  }

  void stillLine(const StillWaiting& wait) {
    const StateRow row = timeline_.state(wait.row);
    const ThreadInfo& thread = timeline_.thread(row.thread);
    BreakdownBuilder builder(timeline_, true);
    builder.add(thread.process, wait.row, row.begin, row.end);
    const Breakdown one = builder.finish();
    const ProcessInfoRow& process = timeline_.process(thread.process);
    std::string since = ", " + formatDuration(wait.length_ns);
    if (row.began_before)
      since = row.since != 0 ? since + ", began before the recording" : ", began before the recording";
    const bool narrow = width_ < kRoomForPercentiles;
    std::string text = narrow ? "  ! still waiting: " : "  ! still waiting at the end: ";
    text += processTag(process);
    if (thread.tid != process.pid) {
      text += fmt::format("/{}", thread.tid);
      if (!narrow && !thread.name.empty()) text += " " + printable(thread.name);
    }
    text += " in ";
    DescribeStyle style;
    style.tags = true;
    style.width = std::max(12, width_ - displayWidth(text) - displayWidth(since));
    const std::string what =
        one.kinds.empty() ? "" : wording_.describe(one.kinds.front().groups.front(), style);
    line(text + (what.empty() ? std::string(waitKindName(row.kind)) : what) + since);
  }

  // A sentence in as many lines as it takes.
  void prose(std::string_view before, std::string_view text) {
    const std::string indent(before.size() + 4, ' ');
    out_ << before << wrapText(text, width_ - static_cast<int>(before.size()), indent) << '\n';
  }

  void line(std::string_view text) { out_ << cutTo(text, options_.style.width) << '\n'; }

  const Wording& wording_;
  const Timeline& timeline_;
  const Ongoing& ongoing_;
  const WhyTextOptions& options_;
  std::ostream& out_;
  int width_;
  WaitColumns columns_;
};

}  // namespace

void printOngoing(const Wording& wording, const Ongoing& ongoing, const std::string& title,
                  const WhyTextOptions& options, std::ostream& out) {
  OngoingPrinter printer(wording, ongoing, options, out);
  printer.header(title);
  printer.waits();
  printer.processes();
  printer.stillWaiting();
  printer.unknown();
  printer.conclusion();
}

}  // namespace tarry
