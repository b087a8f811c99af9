// From the command line to one verb and its exit status.
//
// Everything that goes wrong ends here as one line on `err`: "tarry VERB: what failed: why (what to
// do)". Exit statuses: the verb's own; 2 for wrong usage; 1 for other failures, or what RecordError
// asks for. A verb that passes on the status of a command (run, record) fails with 125 instead, as
// env(1) and timeout(1) do, so that its own failures can be told from the command's.
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "cli/command.h"

namespace tarry::cli {

// `arguments` without the program's name. Verbs print to std::cout themselves; help goes to `out`. `missing`:
// verbs that are no misspelling of `commands`, but of another build.
int dispatch(std::span<const Command> commands, const std::vector<std::string>& arguments, std::ostream& out,
             std::ostream& err, std::span<const MissingVerb> missing = {});

}  // namespace tarry::cli
