// The body of an HTTP message, put together from where table http_body says it stands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "query/net/content_coding.h"

struct sqlite3;

namespace tarry {

enum class HttpPart : uint8_t { request, response };

std::string_view httpPartName(HttpPart part);

struct HttpBody {
  bool complete = false;    // all of the message is in the trace
  bool readable = true;     // false: the bytes of its tables are not there
  std::string transferred;  // without chunk sizes; of an incomplete one what there is of it
  std::string coding;       // Content-Encoding
};

// Throws TraceError where SQLite fails. At most `most_bytes` are read; a larger body is not complete.
HttpBody readHttpBody(sqlite3* db, int64_t http_id, HttpPart part,
                      size_t most_bytes = DecodeLimits().most_bytes);

}  // namespace tarry
