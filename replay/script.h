// ReplayScript: what the servers of a recording said, and to what: all that is needed to stand in for them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/net/stream.h"
#include "format/trace_reader.h"

namespace tarry::replay {

using analysis::Endpoint;
using Bytes = std::vector<uint8_t>;

struct Answer {
  int64_t offset_ns = 0;  // after the last byte that was asked; without a question, after the connection
  Bytes bytes;
};

// What the client said until the server spoke, and what the server said until the client spoke again.
struct Turn {
  Bytes asked;
  std::vector<Answer> answers;
  uint64_t missing = 0;  // bytes of either that are not in the trace
};

struct RecordedConnection {
  Endpoint server;
  int64_t connect_ns = 0;  // how long the client waited for it
  std::vector<Turn> turns;
  bool server_ends = false;  // after the last turn
};

// A datagram to a server, and what came back.
struct RecordedQuery {
  Endpoint server;
  Bytes asked;
  std::vector<Answer> answers;
};

struct ReplayScript {
  std::vector<RecordedConnection> connections;  // in the order in which they were made
  std::vector<RecordedQuery> queries;
  std::vector<Endpoint> refused;  // connects that failed so
  uint64_t missing_bytes = 0;
};

// As the clients saw it; of connections whose client is not in the trace, as the servers did. Throws
// TraceError.
ReplayScript readScript(TraceReader& reader);

// "127.0.0.1:80", "[::1]:80"
std::string endpointText(const Endpoint& endpoint);

}  // namespace tarry::replay
