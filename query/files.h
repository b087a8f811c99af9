// filesReport: which files were opened, tried and missing, read and written, how much and by whom,
// in the order of their first use: the job of `strace -e open`.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "query/render/rows.h"

namespace tarry {

class Database;

enum class FilesSort : uint8_t { first, bytes, time, name };

struct FilesOptions {
  RowFormat format = RowFormat::table;
  TextStyle style = {};
  bool missing = false;                 // only what was not there or not allowed
  bool touched = false;                 // only what was read, written, executed, mapped, changed
  std::string process = {};             // pid or name
  std::vector<std::string> paths = {};  // only these, and what is below them
  FilesSort sort = FilesSort::first;
};

// Columns in machine formats: first_ns, what, path, asked_as, read_bytes, written_bytes, calls,
// errors, error, dur_ns, processes, pids, renamed_to. Throws TraceError on a database without system calls.
void filesReport(Database& db, const FilesOptions& options, std::ostream& out);

}  // namespace tarry
