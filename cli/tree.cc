// tarry tree: the process tree.
#include "query/tree.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/query_flags.h"

namespace tarry::cli {

namespace {

struct TreeFlags : QueryFlags {
  bool threads = false;
  bool ascii = false;
};

}  // namespace

Action declareTree(CLI::App& app) {
  app.description(
      "The recorded processes as a tree: when they started, how long they lived, their CPU time, exit status "
      "and command line.");
  auto flags = std::make_shared<TreeFlags>();
  declareFile(app, flags->file);
  app.add_flag("--threads", flags->threads, "list threads too");
  app.add_flag("--ascii", flags->ascii, "branches of |- and `- instead of lines");
  declareFormat(app, flags->format);
  return [flags] {
    const TreeOptions options{flags->rowFormat(), outputStyle(), flags->threads, flags->ascii};
    const auto opened = openStates(traceFile(flags->file));
    treeReport(opened->trace.db(), opened->states(), options, std::cout);
    return 0;
  };
}

}  // namespace tarry::cli
