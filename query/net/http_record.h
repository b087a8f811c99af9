// Rows of table http as the reports on HTTP use them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/net/http_body.h"

namespace tarry {

class Database;
class Statement;

struct HttpMessageRecord {
  std::string headers, trailers;
  bool headers_known = false;
  std::optional<uint64_t> bytes;
  bool complete = false;
};

struct HttpRecord {
  int64_t id = 0, ts = 0, pid = 0;
  std::optional<int64_t> request_end_ts, first_byte_ts, end_ts, status, stream, pair_id;
  std::string side, version, method, url, host, reason, content_type, error;
  std::string comm;     // of the process, as it was recorded
  std::string process;  // "python3 client.py 4711", safe for a terminal
  bool tls = false;
  HttpMessageRecord request, response;

  std::optional<int64_t> firstByteNs() const { return sinceBegin(first_byte_ts); }
  std::optional<int64_t> durNs() const { return sinceBegin(end_ts); }

 private:
  std::optional<int64_t> sinceBegin(const std::optional<int64_t>& until) const {
    return until ? std::optional<int64_t>(*until - ts) : std::nullopt;
  }
};

// Throws TraceError where the recording cannot have any: no payload, or a database without the table.
void requireHttp(Database& db);

// All of them in the order of time; texts of headers are left out.
std::vector<HttpRecord> httpRecords(Database& db);
// With all its texts. Throws UsageError where there is none of this number.
HttpRecord httpRecord(Database& db, int64_t id);

// "200 OK", "unanswered".
std::string statusText(const HttpRecord& record);

// What there is of a body, decoded as far as it can be.
struct ReadableBody {
  HttpBody body;
  DecodedContent content;
  bool is_text = false;

  // In a few words where it is not all there; empty otherwise.
  std::string problem() const;
};
ReadableBody readableBody(Database& db, const HttpRecord& record, HttpPart part);

}  // namespace tarry
