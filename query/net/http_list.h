// httpReport: the requests of a trace, one line each, as the list of a debugging proxy.
#pragma once

#include <ostream>
#include <string>

#include "query/render/rows.h"

namespace tarry {

class Database;

// Whose rows are shown of a request that both ends were recorded of.
enum class HttpSide : uint8_t { automatic, client, server, all };

struct HttpListOptions {
  RowFormat format = RowFormat::table;
  TextStyle style = {};
  HttpSide side = HttpSide::automatic;  // the client's, the server's where that alone is there
  std::string host = {};                // and below it
  std::string status = {};              // "404", "5xx", "4xx,5xx"
  std::string method = {};
  std::string process = {};  // pid or name
};

// Columns in machine formats: id, ts, side, pair_id, method, url, status, error, request_bytes,
// response_bytes, content_type, first_byte_ns, dur_ns, version, tls, process, pid. Throws TraceError on a
// trace that cannot have any.
void httpReport(Database& db, const HttpListOptions& options, std::ostream& out);

}  // namespace tarry
