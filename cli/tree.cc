// tarry tree: the process tree.
#include "query/tree.h"

#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"

namespace tarry::cli {

namespace {

struct TreeFlags : QueryFlags {
  bool threads = false;
  bool ascii = false;
};

}  // namespace

Action declareTree(FlagSet& verb) {
  verb.description(
      "The recorded processes as a tree: when they started, how long they lived, their CPU time, exit status "
      "and command line.");
  auto flags = std::make_shared<TreeFlags>();
  declareFile(verb, flags->file);
  verb.addFlag("--threads", flags->threads, "list threads too");
  verb.addFlag("--ascii", flags->ascii, "branches of |- and `- instead of lines");
  declareFormat(verb, flags->format);
  return [flags] {
    const TreeOptions options{flags->rowFormat(), outputStyle(), flags->threads, flags->ascii};
    const auto opened = openStates(traceFile(flags->file));
    treeReport(opened->trace.db(), opened->states(), options, std::cout);
    return 0;
  };
}

}  // namespace tarry::cli
