// tarry files: which files were opened, tried and missing, read and written.
#include "query/files.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>

#include "cli/command.h"
#include "cli/query_flags.h"

namespace tarry::cli {

namespace {

struct FilesFlags : QueryFlags {
  FilesOptions options;
};

}  // namespace

Action declareFiles(CLI::App& app) {
  app.description(
      "Which files were opened, tried and missing, read and written, how much and by whom, in the order of "
      "their "
      "first use.");
  auto flags = std::make_shared<FilesFlags>();
  FilesOptions& options = flags->options;
  declareFile(app, flags->file);
  app.add_flag("--missing", options.missing, "only what was not there or not allowed");
  app.add_flag("--used", options.touched, "only what was read, written, executed, mapped, listed or changed");
  app.add_option("--process", options.process, "only what this process did")->type_name("PID|NAME");
  app.add_option("-P,--path", options.paths, "only this path and what is below it; repeatable")
      ->type_name("PATH")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  app.add_option("--sort", options.sort, "first (use), bytes, time or name")
      ->type_name("KEY")
      ->transform(CLI::CheckedTransformer(std::map<std::string, FilesSort>{{"first", FilesSort::first},
                                                                           {"bytes", FilesSort::bytes},
                                                                           {"time", FilesSort::time},
                                                                           {"name", FilesSort::name}}));
  declareFormat(app, flags->format);
  return [flags] {
    flags->options.format = flags->rowFormat();
    flags->options.style = outputStyle();
    TraceDatabase trace = openTrace(traceFile(flags->file), Needs::calls);
    filesReport(trace.db(), flags->options, std::cout);
    return 0;
  };
}

}  // namespace tarry::cli
