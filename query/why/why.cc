#include "query/why/why.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "query/process_label.h"
#include "query/render/units.h"
#include "query/timeline.h"
#include "query/why/notes.h"
#include "query/why/ongoing.h"
#include "query/why/ongoing_text.h"
#include "query/why/stack_names.h"
#include "query/why/text.h"
#include "query/why/why_json.h"
#include "query/why/wording.h"

namespace tarry {
namespace {

constexpr size_t kExplainedAtMost = 20;

std::string ongoingTitle(const Timeline& timeline) {
  const std::string target(printable(timeline.meta("target")));
  const std::string_view kind = timeline.meta("target_kind");
  if (kind == "all") return "whole machine";
  if (kind == "pids") {
    // One process is better known by its name.
    for (const ProcessInfoRow& p : timeline.processes())
      if (p.existed && std::to_string(p.pid) == target) return processWithPid(p, 60);
    return "pids " + target;
  }
  if (kind == "command" && timeline.commandRoot() != kNone)
    return processLabel(timeline.process(timeline.commandRoot()), 60);
  return target.empty() ? "recording" : target;
}

class Why {
 public:
  Why(Database& db, StateStore* states, const CallSources& calls, const WhyOptions& options,
      std::ostream& out)
      : calls_(calls),
        options_(options),
        out_(out),
        json_(out),
        timeline_(Timeline::load(db, states,
                                 {options.from_ns.value_or(INT64_MIN), options.to_ns.value_or(INT64_MAX)})),
        states_(timeline_),
        stacks_(stackNames(db, timeline_)),
        requests_(db),
        wording_{timeline_, stacks_, requests_},
        notes_(notesOn(db)) {}

  void run(Database& db) {
    if (timeline_.states().empty())
      throw TraceError(options_.from_ns || options_.to_ns
                           ? "nothing was recorded in that interval (tarry info shows from when to when)"
                           : nothingIn(db, "thread states"));
    if (options_.json) {
      json_.beginObject();
      json_.number("tarry_why", 2);
      json_.text("file", options_.shown_path);
      json_.beginArray("notes");
      for (const std::string& note : notes_) json_.text({}, note);
      json_.endArray();
      json_.beginArray("reports");
    } else {
      for (const std::string& note : notes_) out_ << inked(options_.style, Ink::yellow, "! " + note) << '\n';
    }
    choose();
    if (options_.json) {
      json_.endArray();
      json_.endObject();
    }
  }

 private:
  void choose() {
    if (options_.thread) return threadsOf(*options_.thread);
    if (!options_.process.empty()) return processesOf(options_.process);
    const int32_t root = timeline_.commandRoot();
    if (options_.view == WhyView::command && root == kNone)
      throw UsageError(
          "no command was recorded here, so there is none to explain (leave out --view command)");
    const bool command =
        options_.view == WhyView::command || (options_.view == WhyView::automatic && root != kNone);
    if (command && lifetimeOf(timeline_, root))
      return print(explainCommand(timeline_, states_, root, options_.show_idle));
    ongoing();
  }

  void ongoing() {
    const Ongoing o = explainOngoing(timeline_, options_.show_idle);
    if (options_.json) return writeOngoing(json_, wording_, o);
    printOngoing(wording_, o, ongoingTitle(timeline_), textOptions(), out_);
  }

  void threadsOf(int64_t tid) {
    bool any = false;
    for (size_t i = 0; i < timeline_.threads().size(); ++i) {
      const auto thread = static_cast<int32_t>(i);
      if (timeline_.thread(thread).tid != tid || timeline_.statesOf(thread).empty()) continue;
      print(explainThread(timeline_, thread, options_.show_idle));
      any = true;
    }
    if (!any)
      throw UsageError(fmt::format("no thread {} was recorded (tarry why --threads lists them)", tid));
  }

  void processesOf(const std::string& wanted) {
    std::vector<Explained> found;
    for (size_t i = 0; i < timeline_.processes().size(); ++i) {
      const auto index = static_cast<int32_t>(i);
      const ProcessInfoRow& p = timeline_.process(index);
      if (std::to_string(p.pid) != wanted && p.comm != wanted && processLabel(p, 0) != wanted &&
          processLabel(p, 0).substr(0, processLabel(p, 0).find(' ')) != wanted)
        continue;
      if (lifetimeOf(timeline_, index))
        found.push_back(explainProcess(timeline_, states_, index, options_.show_idle));
    }
    if (found.empty())
      throw UsageError(
          fmt::format("no process '{}' was recorded (tarry tree lists them)", printable(wanted)));
    std::stable_sort(found.begin(), found.end(), [](const Explained& a, const Explained& b) {
      return a.breakdown.total_ns - a.breakdown.idle_ns > b.breakdown.total_ns - b.breakdown.idle_ns;
    });
    for (size_t i = 0; i < std::min(found.size(), kExplainedAtMost); ++i) print(found[i]);
    if (found.size() > kExplainedAtMost && !options_.json)
      out_ << fmt::format("{} more processes of that name\n", found.size() - kExplainedAtMost);
  }

  void print(Explained explained) {
    DataMoved moved;
    switch (explained.subject) {
      case WhySubject::command: moved = calls_.moved(timeline_, kNone, explained.begin, explained.end); break;
      case WhySubject::process:
        moved = calls_.moved(timeline_, explained.process, explained.begin, explained.end);
        break;
      case WhySubject::thread: break;
    }
    if (explained.ended && explained.subject != WhySubject::thread)
      explained.failed_call = calls_.failed(timeline_, explained.process);
    if (options_.json) return writeExplained(json_, wording_, explained, moved, shownFile());
    if (printed_++ > 0) out_ << '\n';
    printExplained(wording_, explained, moved, textOptions(), out_);
  }

  // What follow-up commands name; empty where no file is kept.
  std::string shownFile() const { return options_.shown_path == "-" ? "" : options_.shown_path; }

  WhyTextOptions textOptions() const {
    return {options_.style, options_.min_ns, options_.threads, options_.hide_idle, shownFile()};
  }

  const CallSources& calls_;
  const WhyOptions& options_;
  std::ostream& out_;
  JsonOut json_;
  Timeline timeline_;
  ProcessStates states_;
  StackNames stacks_;
  Requests requests_;
  Wording wording_;
  std::vector<std::string> notes_;
  int printed_ = 0;
};

}  // namespace

void whyReport(Database& db, StateStore* states, const CallSources& calls, const WhyOptions& options,
               std::ostream& out) {
  Why(db, states, calls, options, out).run(db);
}

void whyReport(Database& db, const WhyOptions& options, std::ostream& out) {
  whyReport(db, nullptr, {movedFromTables(db), failedCallFromTables(db)}, options, out);
}

}  // namespace tarry
