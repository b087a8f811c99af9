// What fuzzing begins with.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "format/block.h"
#include "tests/fuzz/messages.h"

namespace tarry::fuzz {

// A trace with every kind of block, in few rows.
Bytes inventedTrace(bool finished);

struct Message {
  BlockKind kind;
  Bytes bytes;
};
// The content of a whole trace's blocks. Throws TraceError or BadBlock for anything else.
std::vector<Message> messagesOf(const Bytes& trace);

// Conversations for fuzz_http, by name.
std::vector<std::pair<std::string, Bytes>> httpSeeds();

}  // namespace tarry::fuzz
