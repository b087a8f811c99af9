// HttpLog: the requests of a trace and their responses, as the decoders of HTTP fill them in, and tables
// `http` and `http_body`. Bounded: what a hostile trace has beyond it is left out and counted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/net/stream.h"
#include "analyzer/resource_tracker.h"
#include "analyzer/sqlite.h"

namespace tarry::analysis {

// Bytes of a body: where they stand.
struct BodyExtent {
  PieceSource source = PieceSource::none;
  int64_t source_id = 0;
  int64_t offset = 0;
  int64_t length = 0;
};

// One message's share of an exchange.
struct HttpMessage {
  std::string headers;
  std::string trailers;
  std::vector<BodyExtent> body;
  uint64_t body_bytes = 0;
  bool seen = false;        // something of it is in the trace
  bool size_known = false;  // body_bytes is all that was transferred
  bool truncated = false;   // its header is not whole
  bool incomplete = false;  // bytes of its body are not in the trace, or were never sent
  bool ended = false;
  int64_t begin_ts = 0;
  int64_t last_ts = 0;  // of its last byte so far

  // What is said to be missing may be more than there can be.
  void countBody(uint64_t bytes) {
    if (__builtin_add_overflow(body_bytes, bytes, &body_bytes)) body_bytes = UINT64_MAX;
  }

  // Something of it was said then; hostile times go backwards.
  void saidAt(int64_t ts) { last_ts = std::max({last_ts, begin_ts, ts}); }
};

struct HttpExchange {
  uint64_t channel = 0;
  ResourceId resource;
  bool plaintext = false;
  bool client = false;  // this side asked
  Utid utid = 0;
  Upid upid = 0;
  std::string_view version;  // a name of ours
  uint32_t stream = 0;       // of HTTP/2
  std::string method, target, host;
  std::optional<int64_t> status;
  std::string reason;
  HttpMessage request, response;
  bool reset = false;
  bool unlinked = false;  // calls were lost before it was answered, so no answer can be told to be its own

  // What HTTP/2 and absolute targets say; otherwise by whether it was TLS.
  std::string scheme;

  int64_t beginTs() const { return request.seen ? request.begin_ts : response.begin_ts; }
  std::string url() const;
};

// Memory that the decoders of all channels share.
class MemoryBudget {
 public:
  explicit MemoryBudget(size_t bytes) : left_(bytes) {}
  bool take(size_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }
  void giveBack(size_t bytes) { left_ += bytes; }

 private:
  size_t left_;
};

class HttpLog {
 public:
  static constexpr size_t kMemory = size_t{256} << 20U;

  explicit HttpLog(size_t memory = kMemory) : budget_(memory) {}

  // A new row, which stays where it is. nullptr: there is no more room, and it is counted.
  HttpExchange* add(const Channel& channel);
  // Puts text into a row; false if there is no room, and then it is as it was.
  bool keep(std::string& member, std::string_view text);
  // An extent behind the others. False, and the body incomplete, if there is no room.
  bool keep(HttpMessage& message, const Piece& piece, size_t offset, size_t length);

  MemoryBudget& budget() { return budget_; }
  const std::deque<HttpExchange>& exchanges() const { return exchanges_; }

  // The rows that touch this time. Both sides of a connection in the trace are told of each other.
  void store(Database& db, const ResourceTracker& resources, int64_t from_ts, int64_t to_ts) const;

 private:
  std::deque<HttpExchange> exchanges_;
  MemoryBudget budget_;
  int64_t left_out_ = 0;
};

// Index of the exchange that the other side has of the same request, for each; SIZE_MAX where there is none.
std::vector<size_t> pairedExchanges(const std::vector<const HttpExchange*>& exchanges,
                                    const ResourceTracker& resources);

}  // namespace tarry::analysis
