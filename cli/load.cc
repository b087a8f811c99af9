// tarry load: write an SQLite database.
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"
#include "format/errors.h"
#include "query/render/progress.h"
#include "query/render/units.h"

namespace tarry::cli {

namespace {

struct LoadFlags {
  std::string file;
  std::string output;
  bool no_args = false;
  bool no_payloads = false;
  bool quiet = false;
};

// NAME.tarry → NAME.db, beside it.
std::string defaultOutput(const std::string& file) {
  constexpr std::string_view kSuffix = ".tarry";
  if (file == "-") throw UsageError("give -o DB where the trace comes from standard input");
  return (file.ends_with(kSuffix) ? file.substr(0, file.size() - kSuffix.size()) : file) + ".db";
}

int load(const LoadFlags& flags) {
  const std::string file = traceFile(flags.file);
  const std::string output = flags.output.empty() ? defaultOutput(file) : flags.output;
  TraceReader reader = openReader(file);
  {
    ProgressBar bar("loading");
    LoadOptions options;
    options.syscall_args = !flags.no_args;
    options.payloads = !flags.no_payloads;
    options.progress = bar.callback();
    loadTraceFile(reader, output, options);
  }
  for (const std::string& problem : reader.report().problems)
    fmt::print(stderr, "tarry: {}: {}\n", printable(file), printable(problem));
  if (!flags.quiet) fmt::print(stderr, "wrote {0} (try: sqlite3 {0} .schema)\n", printable(output));
  return 0;
}

}  // namespace

Action declareLoad(FlagSet& verb) {
  verb.description(
      "Writes the tables of docs/schema.md into an SQLite database that any client opens. The database "
      "appears "
      "under its name only when it is complete.");
  auto flags = std::make_shared<LoadFlags>();
  declareTrace(verb, flags->file);
  verb.addOption("-o,--output", flags->output, "the database; default: the trace's name with .db")
      .valueName("DB");
  verb.addFlag("--no-args", flags->no_args, "leave out the arguments as text (smaller, faster)");
  verb.addFlag("--no-payloads", flags->no_payloads, "leave out what was read and written");
  verb.addFlag("-q,--quiet", flags->quiet, "say nothing but errors");
  return [flags] { return load(*flags); };
}

}  // namespace tarry::cli
