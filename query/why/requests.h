// What was asked for on a connection at an instant, where the trace has what was said on it: the HTTP
// request, the name that was looked up. Immutable once loaded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "query/timeline.h"

namespace tarry {

class Database;

class Requests {
 public:
  explicit Requests(Database& db);

  // "GET /slow", "www.example A"; empty: none, or not known. Of several at a time the one that was asked
  // last.
  std::string_view at(const ResourceInfo& socket, int64_t ts) const;

 private:
  struct Request {
    int64_t begin_ts = 0, end_ts = 0;
    std::string text;
  };
  static int64_t keyOf(int64_t id, int64_t cookie) { return cookie > 0 ? cookie : -id; }

  std::unordered_map<int64_t, std::vector<Request>> by_socket_;  // each in the order of time
};

}  // namespace tarry
