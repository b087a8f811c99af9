// dnsReport: the lookups of names that programs made: what was asked, the answer or how it failed, of which
// server, and how long it took.
#pragma once

#include <ostream>
#include <string>

#include "query/render/rows.h"

namespace tarry {

class Database;

struct DnsOptions {
  RowFormat format = RowFormat::table;
  TextStyle style = {};
  bool failed = false;       // only those that failed: no answer, or an error as answer
  bool server = false;       // what servers were asked, instead of what clients asked
  std::string process = {};  // pid or name
};

// Columns in machine formats: ts, dur, pid, process, name, type, rcode, errno, answers, transport,
// server_addr, server_port, tries, truncated, side. Throws TraceError for a trace without payload.
void dnsReport(Database& db, const DnsOptions& options, std::ostream& out);

}  // namespace tarry
