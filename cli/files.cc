// tarry files: which files were opened, tried and missing, read and written.
#include "query/files.h"

#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"

namespace tarry::cli {

namespace {

struct FilesFlags : QueryFlags {
  FilesOptions options;
};

}  // namespace

Action declareFiles(FlagSet& verb) {
  verb.description(
      "Which files were opened, tried and missing, read and written, how much and by whom, in the order of "
      "their "
      "first use.");
  auto flags = std::make_shared<FilesFlags>();
  FilesOptions& options = flags->options;
  declareFile(verb, flags->file);
  verb.addFlag("--missing", options.missing, "only what was not there or not allowed");
  verb.addFlag("--used", options.touched, "only what was read, written, executed, mapped, listed or changed");
  verb.addOption("--process", options.process, "only what this process did").valueName("PID|NAME");
  verb.addOption("-P,--path", options.paths, "only this path and what is below it; repeatable")
      .valueName("PATH")
      .repeatable();
  verb.addChoice("--sort", options.sort,
                 {{"first", FilesSort::first},
                  {"bytes", FilesSort::bytes},
                  {"time", FilesSort::time},
                  {"name", FilesSort::name}},
                 "first (use), bytes, time or name")
      .valueName("KEY");
  declareFormat(verb, flags->format);
  return [flags] {
    flags->options.format = flags->rowFormat();
    flags->options.style = outputStyle();
    TraceDatabase trace = openTrace(traceFile(flags->file), Needs::calls);
    filesReport(trace.db(), flags->options, std::cout);
    return 0;
  };
}

}  // namespace tarry::cli
