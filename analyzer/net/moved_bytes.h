// From a system call to the bytes that it moved on a socket, pipe or FIFO.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "analyzer/net/stream.h"
#include "format/events.h"

namespace tarry::analysis {

struct MovingCall;

// How the system call of this name moves bytes; nullptr: it does not. Looked up once a kind of call
// (CallTraits).
const MovingCall* findMovingCall(std::string_view name);
Flow flowOf(const MovingCall& call);
// Its argument with MSG_* flags, -1: it has none. Looks (MSG_PEEK) move nothing.
int flagsArgOf(const MovingCall& call);

// What a payload of such a call is, for those who read table payload.
enum class PayloadUse : uint8_t { other, data, message_data, address };
PayloadUse useOf(const MovingCall& call, int64_t arg, int64_t part, PayloadDirection direction);

// Of a part that is message_data: which of the call's messages it is of, from 0.
int64_t messageOf(int64_t part);

// One buffer's worth: a stream's calls move one, sendmmsg and recvmmsg one a message.
struct MovedBytes {
  ResourceId resource;
  Flow flow = Flow::sent;
  std::span<const uint8_t> data;  // of the event
  uint64_t missing = 0;
  bool unknown = false;  // a message of which nothing is in the trace, not even its length
  int payload = -1;      // index in the event's payloads; -1: nothing was kept
  Endpoint remote;       // that the call named
  bool end = false;      // nothing more comes in this flow
};

// What the call moved, in order, into `moved`. Looks (MSG_PEEK), failures and unfinished calls move nothing.
// Hostile events may say anything: lengths are what the call returned, data is never longer than that.
void movedBytes(const SyscallEvent& event, const MovingCall& call, std::vector<MovedBytes>& moved);

// Of a call that failed: where, and what it tried to send (of several messages the first). nullopt: it did
// not fail, or only for the moment.
std::optional<MovedBytes> failedMove(const SyscallEvent& event, const MovingCall& call);

// A sockaddr of any of the ABIs (they lay it out alike); nullopt for families other than IPv4 and IPv6.
std::optional<Endpoint> endpointOf(std::span<const uint8_t> sockaddr);

}  // namespace tarry::analysis
