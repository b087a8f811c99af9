// whyReport: what the recorded program was waiting for. Analysis is in the other files of this
// folder; this one opens the trace, chooses the view and prints it.
//
// A finite command is explained in its real time (command_path.h), a recording of something that
// goes on in thread-seconds (ongoing.h). docs/why-json.md describes the JSON form.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "query/render/style.h"
#include "query/why/data_moved.h"
#include "query/why/failed_call.h"

namespace tarry {

enum class WhyView : uint8_t {
  automatic,  // by what was recorded: a command, or something that goes on
  command,    // real time of the root process
  ongoing,    // thread-seconds of everything
};

struct WhyOptions {
  WhyView view = WhyView::automatic;
  std::optional<int64_t> thread = {};               // one thread, by tid
  std::string process = {};                         // one process, by pid, or all of a name
  bool threads = false;                             // a line for every thread below its process
  std::optional<int64_t> from_ns = {}, to_ns = {};  // trace time
  int64_t min_ns = 1'000'000;                       // what took less in total is summed up in one line
  bool show_idle = false;                           // count idle waits among the others
  bool hide_idle = false;                           // do not even list them
  bool json = false;
  TextStyle style = {};
  // What the follow-up commands name as file; empty: the path given. "-" : none is kept.
  std::string shown_path = {};
  std::function<void(double)> progress = {};  // while loading, 0 … 1
};

// `path`: a trace or a database that `tarry load` wrote. Throws TraceError, UsageError.
void whyReport(const std::string& path, const WhyOptions& options, std::ostream& out);

// Over an open database with the tables of docs/schema.md.
void whyReport(Database& db, const WhyOptions& options, std::ostream& out);
// What the reports ask of the calls themselves.
struct CallSources {
  DataMovedSource moved;
  FailedCallSource failed;
};
// The same, with other sources than the tables of calls and thread states. `states`: as in Timeline::load().
void whyReport(Database& db, StateStore* states, const CallSources& calls, const WhyOptions& options,
               std::ostream& out);

}  // namespace tarry
