// What a thread's waits are attributed to, in a story told at level `waits` (only the pending call and the
// wake-up are known) and at level `syscalls` (the call with its result too).
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "tests/analyzer/loaded.h"

namespace tarry::testing {

// Runs the same story at both levels.
inline std::string at(Level level, const std::function<void(TraceBuilder&, ThreadScript&)>& story) {
  TraceBuilder b(level);
  auto& p = b.process("p", 100);
  p.runsFor(1_ms);
  story(b, p);
  p.runsFor(1_ms).exits(0);
  Loaded db(b);
  return blockedWaits(db, 100);
}

inline void both(const std::string& expected,
                 const std::function<void(TraceBuilder&, ThreadScript&)>& story) {
  CHECK(at(Level::syscalls, story) == expected);
  CHECK(at(Level::waits, story) == expected);
}

}  // namespace tarry::testing
