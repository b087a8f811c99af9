// treeReport: the recorded processes as a tree, with command lines, when they started, how long
// they lived, CPU time and how they ended.
#pragma once

#include <ostream>

#include "query/render/rows.h"

namespace tarry {

class Database;
class StateStore;

struct TreeOptions {
  RowFormat format = RowFormat::table;
  TextStyle style = {};
  bool threads = false;  // list threads too
  bool ascii = false;    // |- instead of ├─
};

// Columns in machine formats: upid, pid, parent_upid, depth, start_ns, dur_ns, cpu_ns, exit, cmdline.
// `states`: as in Timeline::load().
void treeReport(Database& db, StateStore* states, const TreeOptions& options, std::ostream& out);
void treeReport(Database& db, const TreeOptions& options, std::ostream& out);

}  // namespace tarry
