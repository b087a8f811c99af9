// httpExchangeReport: one request with its response, whole: headers, bodies decoded, times.
#pragma once

#include <cstdint>
#include <ostream>

#include "query/render/rows.h"

namespace tarry {

class Database;

struct HttpExchangeOptions {
  RowFormat format = RowFormat::table;
  TextStyle style = {};
  bool raw = false;  // the response's body alone, decoded, as it is
};

// Columns in machine formats: part (request, response, timing), name, value. Throws UsageError where there
// is no request of this number.
void httpExchangeReport(Database& db, int64_t id, const HttpExchangeOptions& options, std::ostream& out);

}  // namespace tarry
