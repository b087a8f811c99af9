#include "query/time.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "format/errors.h"
#include "query/render/units.h"
#include "query/timeline.h"
#include "query/why/explain.h"
#include "query/why/notes.h"
#include "query/why/ongoing.h"

namespace tarry {
namespace {

class TimeTable {
 public:
  explicit TimeTable(int64_t whole_ns) : whole_ns_(whole_ns) {}

  void add(std::string_view name, int64_t ns) {
    const double percent =
        whole_ns_ > 0 ? 100.0 * static_cast<double>(ns) / static_cast<double>(whole_ns_) : 0;
    rows_.push_back({Cell(name), Cell::duration(ns),
                     Cell::shown(Cell(std::round(percent * 100) / 100), formatPercent(ns, whole_ns_))});
  }
  void addUnknown(std::string_view name, std::string_view text) {
    rows_.push_back({Cell(name), Cell::shown(Cell(), std::string(text)), Cell()});
  }
  void addKinds(const Breakdown& b) {
    for (const KindTotal& kind : b.kinds) {
      add(waitKindName(kind.kind), kind.total_ns);
      constexpr size_t kPeers = 3;
      for (size_t i = 0; i < std::min(kPeers, kind.groups.size()); i++) addPhases(kind.groups[i]);
    }
    if (b.idle_ns > 0) add("idle", b.idle_ns);
    if (b.unknown_ns > 0) add("state unknown", b.unknown_ns);
  }
  // "  first_byte 127.0.0.1:5000"
  void addPhases(const WaitGroup& group) {
    for (const Share& phase : group.phases)
      add(fmt::format("  {} {}", waitPhaseName(static_cast<WaitPhase>(phase.index)), group.subject),
          phase.total_ns);
  }
  void write(const TimeOptions& options, std::ostream& out) const {
    static const std::vector<RowColumn> columns = {
        {"name", " ", Align::left}, {"ns", " ", Align::right}, {"percent", " ", Align::right}};
    writeRows(options.format, options.style, out, columns, rows_);
  }

 private:
  int64_t whole_ns_;
  std::vector<std::vector<Cell>> rows_;
};

void ofCommand(const Timeline& timeline, const DataMovedSource& moved, const TimeOptions& options,
               std::ostream& out) {
  ProcessStates states(timeline);
  const Explained e = explainCommand(timeline, states, timeline.commandRoot(), false);
  TimeTable table(e.realNs());
  table.add("real", e.realNs());
  // The kernel says it when a process ends, and of little CPU time its ticks say nothing.
  const bool known = e.user_ns && e.system_ns;
  const bool telling = e.cpu_ns >= kTellingTicksNs;
  if (known && telling) {
    table.add("user", *e.user_ns);
    table.add("sys", *e.system_ns);
  } else {
    table.addUnknown("user", known ? "?" : "not known");
    table.addUnknown("sys", known ? "?" : "not known");
  }
  table.add("CPU time", e.cpu_ns);
  bool calls_known = false;
  if (!telling) {
    const DataMoved data = moved(timeline, kNone, e.begin, e.end);
    calls_known = data.calls_cpu_ns && *data.calls_cpu_ns <= e.cpu_ns;
    if (calls_known) {
      table.add("  in system calls", *data.calls_cpu_ns);
      table.add("  outside", e.cpu_ns - *data.calls_cpu_ns);
    }
  }
  // From here on the lines add up to real: with several processes, those that were waited for.
  table.add("on CPU", e.breakdown.on_cpu_ns);
  table.addKinds(e.breakdown);
  table.write(options, out);
  if (known && !telling && options.format == RowFormat::table)
    out << fmt::format("\nuser and sys are counted by clock ticks, which say nothing of less than {} ms{}\n",
                       kTellingTicksNs / 1'000'000,
                       calls_known ? "; what is in system calls is exact." : ".");
}

void ofRecording(const Timeline& timeline, const TimeOptions& options, std::ostream& out) {
  const Ongoing o = explainOngoing(timeline, false);
  TimeTable table(o.breakdown.total_ns);
  table.add("real", o.realNs());
  table.add("thread time", o.breakdown.total_ns);
  table.add("on CPU", o.breakdown.on_cpu_ns);
  table.addKinds(o.breakdown);
  table.write(options, out);
}

}  // namespace

void timeReport(Database& db, StateStore* states, const DataMovedSource& moved, const TimeOptions& options,
                std::ostream& out) {
  const Timeline timeline = Timeline::load(db, states);
  if (timeline.states().empty()) throw TraceError(nothingIn(db, "thread states"));
  if (options.format == RowFormat::table) writeNotes(db, options.style, out);
  const int32_t root = timeline.commandRoot();
  if (root != kNone && lifetimeOf(timeline, root)) ofCommand(timeline, moved, options, out);
  else ofRecording(timeline, options, out);
}

void timeReport(Database& db, const TimeOptions& options, std::ostream& out) {
  timeReport(db, nullptr, movedFromTables(db), options, out);
}

}  // namespace tarry
