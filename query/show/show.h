// show: the system calls and signals of a trace as strace prints them, in the order of time, read from the
// trace itself without a database.
//
// By default a call stands whole on one line at the time it was entered, which reads best when
// several threads overlap; `interleave` prints strace's "<unfinished ...>" and "<... resumed>" pairs.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "analyzer/decode/render.h"
#include "format/trace_reader.h"
#include "query/show/call_filter.h"

namespace tarry {

enum class ShowTime : uint8_t {
  none,
  seconds,       // -t: wall clock
  microseconds,  // -tt
  epoch,         // -ttt
  relative,      // -r: since the line before
};

enum class ShowPrefix : uint8_t {
  automatic,  // [pid  4711] where there is more than one thread
  never,
  always,  // "4711 " as strace -f -o FILE
};

struct ShowOptions {
  CallFilter filter;
  RenderOptions render;
  ShowTime time = ShowTime::none;
  bool durations = false;  // -T
  bool interleave = false;
  bool json = false;  // one object a call and line
  ShowPrefix prefix = ShowPrefix::automatic;
  int align = 40;  // column of the equals sign, as strace's -a
  std::vector<int> pids, tids;
  int64_t from_ns = INT64_MIN, to_ns = INT64_MAX;  // since the start of the trace; by time of entry
  double pace = 0;                                 // 1: as fast as recorded, 10: ten times faster, 0: at once
  bool hints = false;  // what could be recorded better next time, as a note at the end
  bool exits = true;   // +++ exited with 0 +++
};

// Lines go to `out`; what a reader must know beforehand (losses, a cut file, a level without calls)
// goes to `notes`, one line each. Throws UsageError for a pid or tid that was not recorded.
void show(TraceReader& reader, const ShowOptions& options, std::ostream& out, std::ostream& notes);

}  // namespace tarry
