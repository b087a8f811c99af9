// netReport: who talked to whom, how much, how long, and how long that made them wait: a line a connection,
// as tcplife and `ss -ti` have it, but with the waiting.
#pragma once

#include <ostream>
#include <string>

#include "query/render/rows.h"

namespace tarry {

class Database;

enum class NetBy : uint8_t { connection, host, process };

struct NetOptions {
  RowFormat format = RowFormat::table;
  TextStyle style = {};
  NetBy by = NetBy::connection;
  bool all = false;          // also listeners, Unix sockets, what never connected
  std::string process = {};  // pid or name
};

// Sorted by the waiting. Columns in machine formats: see net.cc.
void netReport(Database& db, const NetOptions& options, std::ostream& out);

}  // namespace tarry
