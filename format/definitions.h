// What a reader has been told so far: which ids are defined, and the texts of strings.
// Repeated definitions (each epoch begins with them) are recognised and passed on once.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "format/definition_codec.h"
#include "format/events.h"
#include "format/id_map.h"
#include "format/trace_reader.h"

namespace tarry {

class Definitions {
 public:
  // `max_bytes`: how much a file may make it remember; what goes beyond is dropped and counted.
  explicit Definitions(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // Begins anew, but keeps texts: they stay valid as long as this lives.
  void restart();

  void add(const std::vector<StringRow>& rows);
  void add(StackRows& rows, TraceVisitor& visitor);
  void add(std::vector<Resource>& rows, TraceVisitor& visitor);
  // Delivers threads and fds; what is left in `rows.life` are the events to be delivered in time.
  void add(ProcessRows& rows, TraceVisitor& visitor);

  std::string_view text(StringId id) const;
  bool knows(ThreadId id) const { return threads_.contains(id.value); }

  // An id that nothing defines becomes none.
  void check(StringId& id) const {
    if (!strings_.contains(id.value)) id = {};
  }
  void check(ThreadId& id) const {
    if (!threads_.contains(id.value)) id = {};
  }
  void check(ResourceId& id) const {
    if (!resources_.contains(id.value)) id = {};
  }
  void check(StackId& id) const {
    if (!stacks_.contains(id.value)) id = {};
  }

  uint64_t dropped() const { return dropped_; }

 private:
  bool remember(uint64_t bytes);
  void check(LifeEvent& event) const;
  bool isSane(const LifeEvent& event) const;

  IdMap<std::string_view> strings_;
  std::deque<std::string> texts_;  // one a block
  IdMap<ThreadDef> threads_;
  IdSet resources_, frames_, stacks_, informed_;
  uint64_t bytes_ = 0;
  uint64_t max_bytes_;
  uint64_t dropped_ = 0;
};

}  // namespace tarry
