// What the verbs that read a trace share: the FILE argument, --format, opening with a progress bar.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "analyzer/loader.h"
#include "analyzer/state_store.h"
#include "format/trace_reader.h"
#include "query/render/rows.h"
#include "query/why/why.h"

namespace tarry::cli {

class FlagSet;
class Flag;

struct QueryFlags {
  std::string file;
  std::string format = "table";

  RowFormat rowFormat() const { return parseRowFormat(format); }
};

Flag declareFile(FlagSet& verb, std::string& file);
Flag declareTrace(FlagSet& verb, std::string& file);  // a database will not do
void declareFormat(FlagSet& verb, std::string& format);

// `file`, or where it was left out the newest trace of the current directory, which is then said on
// stderr. Where there is no such file but a command of that name, the error suggests `run`.
std::string traceFile(const std::string& file);

// Opens a trace. A database, which other verbs take as well, is named as what it is.
TraceReader openReader(const std::string& path);

// What of the trace a verb reads; the less, the sooner it answers.
enum class Needs : uint8_t { calls, everything };
TraceDatabase openTrace(const std::string& path, Needs needs);

// The same for verbs that need states only, which then are in memory and in no table.
struct OpenStates {
  StateStore store;
  TraceDatabase trace;
  // As Timeline::load() takes them: a database that was loaded before has them in its table.
  StateStore* states() { return trace.reader() != nullptr ? &store : nullptr; }
};
// `calls`: the tables of system calls too.
std::unique_ptr<OpenStates> openStates(const std::string& path, bool calls = false);
// What `why` and `summary` ask of the calls; `opened` must outlive it.
CallSources callSources(OpenStates& opened);

// How standard output looks.
TextStyle outputStyle();

}  // namespace tarry::cli
