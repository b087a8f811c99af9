// NetTracker: what a trace holds of conversations, for the loader: streams, the protocols on them, and their
// tables. A protocol is added to the list in net_tracker.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "analyzer/net/protocol_router.h"
#include "analyzer/net/stream_tracker.h"
#include "analyzer/sqlite.h"

namespace tarry::analysis {

class NetTracker {
 public:
  explicit NetTracker(const ResourceTracker& resources);
  ~NetTracker();

  StreamTracker& streams() { return streams_; }
  // Once: everything that was under way ends.
  void finish(int64_t end_ts) { streams_.finish(end_ts); }
  // After finish(): the rows of the protocols' tables that touch this time.
  void store(Database& db, int64_t from_ts, int64_t to_ts) const;

 private:
  struct Protocols;
  const ResourceTracker& resources_;
  std::unique_ptr<Protocols> protocols_;
  std::vector<std::unique_ptr<Protocol>> recognised_;
  StreamTracker streams_;
};

}  // namespace tarry::analysis
