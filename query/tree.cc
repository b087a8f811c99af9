#include "query/tree.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/process_end.h"
#include "query/process_facts.h"
#include "query/process_label.h"
#include "query/render/units.h"
#include "query/timeline.h"
#include "query/why/explain.h"
#include "query/why/notes.h"

namespace tarry {
namespace {

// Deeper nesting is shown at this depth: the tree of a hostile or endless chain must stay readable.
constexpr int kDeepest = 60;

class TreeWriter {
 public:
  TreeWriter(const Timeline& timeline, const TreeOptions& options, std::ostream& out)
      : timeline_(timeline), options_(options), out_(out) {
    // Shown: what was recorded, and the ancestors of it that are known.
    shown_.assign(timeline.processes().size(), false);
    for (size_t i = 0; i < shown_.size(); ++i)
      shown_[i] =
          timeline.processes()[i].recorded || lifetimeOf(timeline, static_cast<int32_t>(i)).has_value();
  }

  void write() {
    writer_ = makeRowWriter(options_.format, options_.style, out_);
    static const std::vector<RowColumn> columns = {
        {"upid", "", Align::right},          {"pid", "", Align::right},
        {"parent_upid", "", Align::right},   {"depth", "", Align::right},
        {"start_ns", "start", Align::right}, {"dur_ns", "duration", Align::right},
        {"cpu_ns", "on CPU", Align::right},  {"exit", "", Align::left},
        {"cmdline", "command", Align::left}};
    static const std::vector<RowColumn> for_people = {columns[1], columns[4], columns[5],
                                                      columns[6], columns[7], columns[8]};
    writer_->begin(forPeople() ? for_people : columns);
    std::vector<int32_t> roots;
    for (size_t i = 0; i < shown_.size(); ++i) {
      const int32_t parent = timeline_.processes()[i].parent;
      if (shown_[i] && (parent == kNone || !shown_[static_cast<size_t>(parent)]))
        roots.push_back(static_cast<int32_t>(i));
    }
    // An explicit stack: a trace can nest processes as deeply as it likes.
    struct Open {
      int32_t process;
      int depth;
      std::string prefix;
      bool last;
    };
    std::vector<Open> stack;
    std::vector<bool> seen(shown_.size(), false);
    const auto push = [&](std::vector<int32_t> list, int depth, const std::string& prefix) {
      std::sort(list.begin(), list.end(), [&](int32_t a, int32_t b) { return startOf(a) < startOf(b); });
      for (size_t i = list.size(); i-- > 0;) stack.push_back({list[i], depth, prefix, i + 1 == list.size()});
    };
    push(roots, 0, "");
    while (!stack.empty()) {
      const Open open = stack.back();
      stack.pop_back();
      if (seen[static_cast<size_t>(open.process)]) continue;
      seen[static_cast<size_t>(open.process)] = true;
      const bool branch = open.depth > 0 && open.depth < kDeepest;
      const std::string own = branch ? open.prefix + (open.last ? corner() : tee()) : open.prefix;
      const std::string below = branch ? open.prefix + (open.last ? "   " : bar()) : open.prefix;
      process(open.process, open.depth, own);
      std::vector<int32_t> children;
      for (const int32_t child : timeline_.process(open.process).children)
        if (shown_[static_cast<size_t>(child)]) children.push_back(child);
      if (options_.threads) threads(open.process, open.depth + 1, below + (children.empty() ? "   " : bar()));
      push(children, open.depth + 1, below);
    }
    writer_->end();
  }

 private:
  bool forPeople() const {
    return options_.format == RowFormat::table || options_.format == RowFormat::markdown;
  }
  std::string tee() const { return options_.ascii ? "|- " : "├─ "; }
  std::string corner() const { return options_.ascii ? "`- " : "└─ "; }
  std::string bar() const { return options_.ascii ? "|  " : "│  "; }

  int64_t startOf(int32_t process) const {
    const ProcessInfoRow& p = timeline_.process(process);
    return p.start_ts.value_or(INT64_MIN);
  }

  void process(int32_t index, int depth, const std::string& prefix) {
    const ProcessInfoRow& p = timeline_.process(index);
    const ProcessFacts facts = processFacts(timeline_, index);
    const auto& life = facts.life;
    const int64_t start = facts.start_ns.value_or(INT64_MIN);
    std::string command = printable(p.cmdline.empty() ? p.comm : p.cmdline);
    if (command.empty()) command = processName(p);
    if (p.cmdline.empty() && !p.comm.empty()) command = "[" + command + "]";
    const std::string& exit = facts.exit;
    Cell exit_cell(exit);
    if (p.exit_signal) exit_cell = Cell::shown(Cell(exit), endingSignal(timeline_, p));
    if (p.exit_signal || p.exit_code.value_or(0) != 0) exit_cell.ink = Ink::red;
    const Cell start_cell = start == INT64_MIN
                                ? Cell::shown(Cell(), "before")
                                : Cell::shown(Cell(start), "+" + formatDuration(std::max<int64_t>(start, 0)));
    const Cell duration = life ? Cell::duration(life->end - life->begin) : Cell();
    row({Cell(p.upid), Cell(p.pid), p.parent == kNone ? Cell() : Cell(timeline_.process(p.parent).upid),
         Cell(static_cast<int64_t>(depth)), start_cell, duration, Cell::duration(facts.cpu_ns), exit_cell,
         Cell::shown(Cell(p.cmdline.empty() ? p.comm : p.cmdline), prefix + command)});
  }

  void threads(int32_t index, int depth, const std::string& prefix) {
    if (!forPeople()) return;
    for (const int32_t thread : timeline_.process(index).threads) {
      const auto rows = timeline_.statesOf(thread);
      if (rows.empty() || timeline_.thread(thread).is_main) continue;
      const ThreadInfo& t = timeline_.thread(thread);
      row({Cell(), Cell(t.tid), Cell(), Cell(static_cast<int64_t>(depth)),
           Cell::shown(Cell(rows.front().begin), "+" + formatDuration(rows.front().begin)),
           Cell::duration(rows.back().end - rows.front().begin), Cell::duration(threadCpu(timeline_, thread)),
           Cell(), Cell::shown(Cell(t.name), fmt::format("{}{{{}}}", prefix, printable(t.name)))});
    }
  }

  void row(const std::vector<Cell>& all) {
    if (!forPeople()) return writer_->row(all);
    const std::vector<Cell> some = {all[1], all[4], all[5], all[6], all[7], all[8]};
    writer_->row(some);
  }

  const Timeline& timeline_;
  const TreeOptions& options_;
  std::ostream& out_;
  std::unique_ptr<RowWriter> writer_;
  std::vector<bool> shown_;
};

}  // namespace

void treeReport(Database& db, StateStore* states, const TreeOptions& options, std::ostream& out) {
  const Timeline timeline = Timeline::load(db, states);
  if (options.format == RowFormat::table) writeNotes(db, options.style, out);
  TreeWriter(timeline, options, out).write();
}

void treeReport(Database& db, const TreeOptions& options, std::ostream& out) {
  treeReport(db, nullptr, options, out);
}

}  // namespace tarry
