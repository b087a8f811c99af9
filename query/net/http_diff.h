// httpDiffReport: two requests and their responses side by side, header by header, and in a last line what
// they differ in: why one client gets another answer than the other.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "query/net/http_record.h"
#include "query/render/rows.h"

namespace tarry {

// One line of the comparison. A value that one side has not got is nullopt.
struct HttpDifference {
  HttpPart part = HttpPart::request;
  std::string name;  // of a header as one of them writes it; "method", "URL", "version", "status", "body"
  bool header = false;
  std::optional<std::string> a, b;
  bool differs = false;
  bool known = true;  // false: what the trace has of it does not suffice to tell
};

struct HttpComparison {
  std::vector<HttpDifference> lines;
  std::string body_note;   // where the bodies of the responses differ; empty: they do not
  std::string conclusion;  // one line
};

// The bodies are those of the responses and, where there are some, of the requests.
HttpComparison compareExchanges(const HttpRecord& a, const HttpRecord& b, Database& db_a, Database& db_b);

struct HttpDiffOptions {
  RowFormat format = RowFormat::table;
  TextStyle style = {};
  std::string name_a, name_b;  // what the columns are called
};

// Columns in machine formats: part, name, a, b, differs (NULL: cannot be told). The databases may be the
// same.
void httpDiffReport(Database& db_a, int64_t a, Database& db_b, int64_t b, const HttpDiffOptions& options,
                    std::ostream& out);

}  // namespace tarry
