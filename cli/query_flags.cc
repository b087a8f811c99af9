#include "cli/query_flags.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "cli/flag_set.h"
#include "format/errors.h"
#include "query/render/progress.h"
#include "query/render/units.h"

namespace tarry::cli {
namespace {

bool isCommand(const std::string& name) {
  if (name.find('/') != std::string::npos) return false;
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    const std::string candidate = fmt::format("{}/{}", rest.substr(0, colon), name);
    if (::access(candidate.c_str(), X_OK) == 0) return true;
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  return false;
}

}  // namespace

Flag declareFile(FlagSet& verb, std::string& file) {
  return verb.addOption("FILE", file,
                        "trace (.tarry) or database from tarry load; default: the newest *.tarry here");
}

Flag declareTrace(FlagSet& verb, std::string& file) {
  return verb.addOption("FILE", file, "trace (.tarry); default: the newest *.tarry here");
}

TraceReader openReader(const std::string& path) {
  constexpr std::string_view kMagic = "SQLite format 3";  // https://www.sqlite.org/fileformat2.html, 1.3
  std::string head(kMagic.size(), '\0');
  if (std::ifstream(path, std::ios::binary).read(head.data(), static_cast<std::streamsize>(head.size())) &&
      head == kMagic)
    throw TraceError(fmt::format(
        "cannot read {}: it is a database, and this needs the trace it was loaded from", printable(path)));
  return TraceReader::open(path);
}

void declareFormat(FlagSet& verb, std::string& format) {
  verb.addOption("--format", format, "table, csv, tsv, json or markdown").valueName("FORMAT");
}

std::string traceFile(const std::string& file) {
  if (file.empty()) {
    std::string newest = newestTrace();
    fmt::print(stderr, "tarry: {}, the newest trace here\n", printable(newest));
    return newest;
  }
  if (file != "-" && ::access(file.c_str(), F_OK) != 0 && isCommand(file))
    throw UsageError(fmt::format("there is no file '{0}', but a command (to record it: tarry run -- {0})",
                                 printable(file)));
  return file;
}

TraceDatabase openTrace(const std::string& path, Needs needs) {
  ProgressBar bar("loading");
  LoadOptions options;
  options.payloads = needs == Needs::everything;
  options.indexes = needs == Needs::everything;
  options.progress = bar.callback();
  return TraceDatabase::open(path, options);
}

std::unique_ptr<OpenStates> openStates(const std::string& path, bool calls) {
  ProgressBar bar("loading");
  StateStore store;
  LoadOptions options;
  options.syscalls = calls;
  options.payloads = false;
  options.indexes = false;
  options.states = &store;
  options.conversations = false;
  options.progress = bar.callback();
  TraceDatabase trace = TraceDatabase::open(path, options);
  return std::make_unique<OpenStates>(OpenStates{std::move(store), std::move(trace)});
}

CallSources callSources(OpenStates& opened) {
  TraceDatabase& trace = opened.trace;
  if (trace.reader() == nullptr) return {movedFromTables(trace.db()), failedCallFromTables(trace.db())};
  return {movedFromTrace(*trace.reader(), trace.db()), failedCallFromTrace(*trace.reader())};
}

TextStyle outputStyle() {
  return styleOf(STDOUT_FILENO);
}

}  // namespace tarry::cli
