#include "query/chosen_processes.h"

#include <fmt/format.h>

#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "format/readable.h"

namespace tarry {

ChosenProcesses::ChosenProcesses(Database& db, const std::string& wanted) : all_(wanted.empty()) {
  if (all_) return;
  auto q = db.prepare(
      "SELECT upid, pid, comm, cmdline FROM process WHERE recorded = 1 OR upid IN (SELECT upid FROM thread)");
  while (q.step()) {
    std::string program = printable(q.text(3));
    program = program.substr(0, program.find(' '));
    if (const size_t slash = program.rfind('/'); slash != std::string::npos)
      program = program.substr(slash + 1);
    if (std::to_string(q.integer(1)) == wanted || printable(q.text(2)) == wanted || program == wanted)
      chosen_.insert(q.integer(0));
  }
  if (chosen_.empty())
    throw UsageError(fmt::format("no process '{}' was recorded (tarry tree lists them)", printable(wanted)));
}

}  // namespace tarry
