#include "analyzer/net/moved_bytes.h"

#include <algorithm>
#include <string_view>

namespace tarry::analysis {
namespace {

// include/linux/socket.h: the same on all architectures
constexpr uint16_t kIpv4 = 2;
constexpr uint16_t kIpv6 = 10;
constexpr int64_t kPeek = 0x2;
constexpr int64_t kShutRead = 0;
constexpr int64_t kShutBoth = 2;

// docs/trace-format.md, "Payloads"
constexpr uint8_t kWhole = 0;
constexpr uint8_t kName = 1;
constexpr uint8_t kData = 3;
constexpr uint8_t kMessage = 8;

}  // namespace

enum class Form : uint8_t { buffer, message, messages, copy, splice, shutdown };

struct MovingCall {
  std::string_view name;
  Flow flow;
  Form form;
  int8_t flags_arg = -1;  // MSG_*
};

namespace {

constexpr MovingCall kCalls[] = {
    {"read", Flow::received, Form::buffer},
    {"readv", Flow::received, Form::buffer},
    {"preadv2", Flow::received, Form::buffer},
    {"recv", Flow::received, Form::buffer, 3},
    {"recvfrom", Flow::received, Form::buffer, 3},
    {"recvmsg", Flow::received, Form::message, 2},
    {"recvmmsg", Flow::received, Form::messages, 3},
    {"recvmmsg_time64", Flow::received, Form::messages, 3},
    {"write", Flow::sent, Form::buffer},
    {"writev", Flow::sent, Form::buffer},
    {"pwritev2", Flow::sent, Form::buffer},
    {"send", Flow::sent, Form::buffer},
    {"sendto", Flow::sent, Form::buffer},
    {"vmsplice", Flow::sent, Form::buffer},
    {"sendmsg", Flow::sent, Form::message},
    {"sendmmsg", Flow::sent, Form::messages},
    {"sendfile", Flow::sent, Form::copy},
    {"sendfile64", Flow::sent, Form::copy},
    {"splice", Flow::sent, Form::splice},
    {"shutdown", Flow::sent, Form::shutdown},
};

ResourceId objectAt(const SyscallEvent& event, ObjectRole role) {
  for (const ObjectRef& object : event.objects) {
    if (object.role == role) return object.resource;
  }
  return {};
}

int payloadAt(const SyscallEvent& event, uint8_t arg, uint8_t part, PayloadDirection direction) {
  for (size_t i = 0; i < event.payloads.size(); i++) {
    const PayloadRef& payload = event.payloads[i];
    if (payload.arg == arg && payload.part == part && payload.direction == direction)
      return static_cast<int>(i);
  }
  return -1;
}

Endpoint endpointAt(const SyscallEvent& event, int payload) {
  if (payload < 0) return {};
  return endpointOf(event.payloads[static_cast<size_t>(payload)].data).value_or(Endpoint{});
}

// `length` bytes were moved, of which the payload holds the first.
void setData(MovedBytes& moved, const SyscallEvent& event, int payload, uint64_t length) {
  moved.payload = payload;
  if (payload >= 0) {
    const std::span<const uint8_t> kept = event.payloads[static_cast<size_t>(payload)].data;
    moved.data = kept.first(static_cast<size_t>(std::min<uint64_t>(kept.size(), length)));
  }
  moved.missing = length - moved.data.size();
}

// Payloads of one of several messages; -1: not there.
struct MessageParts {
  int data = -1, name = -1;
};

void addMessages(const SyscallEvent& event, MovedBytes moved, PayloadDirection direction,
                 std::vector<MovedBytes>& all) {
  constexpr int64_t kMostMessages = 1024;  // UIO_MAXIOV
  std::vector<MessageParts> messages(static_cast<size_t>(std::min(event.ret, kMostMessages)));
  for (size_t i = 0; i < event.payloads.size(); i++) {
    const PayloadRef& payload = event.payloads[i];
    if (payload.arg != 1 || payload.direction != direction) continue;
    const size_t message = payload.part / kMessage;  // from 1
    if (message == 0 || message > messages.size()) continue;
    if (payload.part % kMessage == kData) messages[message - 1].data = static_cast<int>(i);
    if (payload.part % kMessage == kName) messages[message - 1].name = static_cast<int>(i);
  }
  for (const MessageParts& parts : messages) {
    moved.remote = endpointAt(event, parts.name);
    moved.unknown = parts.data < 0;
    moved.data = {};
    setData(moved, event, parts.data,
            moved.unknown ? 0 : event.payloads[static_cast<size_t>(parts.data)].length);
    all.push_back(moved);
  }
}

}  // namespace

std::optional<Endpoint> endpointOf(std::span<const uint8_t> sockaddr) {
  if (sockaddr.size() < 8) return std::nullopt;
  Endpoint endpoint;
  endpoint.family = static_cast<uint16_t>(sockaddr[0] | sockaddr[1] << 8U);
  endpoint.port = static_cast<uint16_t>(sockaddr[2] << 8U | sockaddr[3]);
  if (endpoint.family == kIpv4) {
    std::copy_n(sockaddr.begin() + 4, 4, endpoint.addr.begin());
    return endpoint;
  }
  if (endpoint.family != kIpv6 || sockaddr.size() < 24) return std::nullopt;
  std::copy_n(sockaddr.begin() + 8, 16, endpoint.addr.begin());
  return endpoint;
}

const MovingCall* findMovingCall(std::string_view name) {
  const auto* found = std::find_if(std::begin(kCalls), std::end(kCalls),
                                   [&](const MovingCall& call) { return call.name == name; });
  return found != std::end(kCalls) ? found : nullptr;
}

Flow flowOf(const MovingCall& call) {
  return call.flow;
}

int flagsArgOf(const MovingCall& call) {
  return call.flags_arg;
}

PayloadUse useOf(const MovingCall& call, int64_t arg, int64_t part, PayloadDirection direction) {
  const bool moved = direction == (call.flow == Flow::sent ? PayloadDirection::in : PayloadDirection::out);
  if (!moved) return PayloadUse::other;
  switch (call.form) {
    case Form::buffer:
      if (arg == 1 && (part == kWhole || part == kData)) return PayloadUse::data;
      return arg == 4 && part == kWhole ? PayloadUse::address : PayloadUse::other;
    case Form::message:
      if (arg != 1) return PayloadUse::other;
      if (part == kData) return PayloadUse::data;
      return part == kName ? PayloadUse::address : PayloadUse::other;
    case Form::messages:
      if (arg != 1 || part < kMessage) return PayloadUse::other;
      if (part % kMessage == kData) return PayloadUse::message_data;
      return part % kMessage == kName ? PayloadUse::address : PayloadUse::other;
    case Form::copy:
    case Form::splice:
    case Form::shutdown: break;
  }
  return PayloadUse::other;
}

int64_t messageOf(int64_t part) {
  return part / kMessage - 1;
}

void movedBytes(const SyscallEvent& event, const MovingCall& call, std::vector<MovedBytes>& moved) {
  moved.clear();
  if (event.flags.unfinished || event.ret < 0) return;
  if (call.flags_arg >= 0 && (event.args[static_cast<uint8_t>(call.flags_arg)] & kPeek) != 0) return;
  MovedBytes one;
  one.flow = call.flow;
  one.resource = objectAt(event, ObjectRole::arg0);
  const auto length = static_cast<uint64_t>(event.ret);
  const PayloadDirection direction = one.flow == Flow::sent ? PayloadDirection::in : PayloadDirection::out;
  switch (call.form) {
    case Form::shutdown:
      if (event.args[1] == kShutRead || event.args[1] > kShutBoth) return;
      one.end = true;
      break;
    case Form::splice:
      // From a pipe into a socket, or the other way.
      one.missing = length;
      one.flow = Flow::received;
      moved.push_back(one);
      one.flow = Flow::sent;
      one.resource = objectAt(event, ObjectRole::arg2);
      break;
    case Form::copy: one.missing = length; break;
    case Form::messages: addMessages(event, one, direction, moved); return;
    case Form::message:
      one.remote = endpointAt(event, payloadAt(event, 1, kName, direction));
      setData(one, event, payloadAt(event, 1, kData, direction), length);
      one.end = length == 0 && one.flow == Flow::received;
      break;
    case Form::buffer: {
      const int vector = payloadAt(event, 1, kData, direction);
      setData(one, event, vector >= 0 ? vector : payloadAt(event, 1, kWhole, direction), length);
      one.remote = endpointAt(event, payloadAt(event, 4, kWhole, direction));
      // A read of nothing is the end of a stream, unless nothing was asked for.
      one.end = length == 0 && one.flow == Flow::received && event.args[2] != 0;
      break;
    }
  }
  moved.push_back(one);
}

std::optional<MovedBytes> failedMove(const SyscallEvent& event, const MovingCall& call) {
  constexpr int64_t kInterrupted = 4;
  constexpr int64_t kAgain = 11;
  constexpr int64_t kFirstInternal = 512;  // ERESTARTSYS and the like: the call is done again
  if (event.flags.unfinished || event.ret >= 0 || event.ret <= -kFirstInternal) return std::nullopt;
  if (event.ret == -kInterrupted || event.ret == -kAgain) return std::nullopt;
  MovedBytes failed;
  failed.flow = call.flow;
  failed.resource = objectAt(event, ObjectRole::arg0);
  if (call.flow == Flow::received) return failed;
  int data = -1;
  int name = -1;
  switch (call.form) {
    case Form::buffer:
      data = payloadAt(event, 1, kData, PayloadDirection::in);
      if (data < 0) data = payloadAt(event, 1, kWhole, PayloadDirection::in);
      name = payloadAt(event, 4, kWhole, PayloadDirection::in);
      break;
    case Form::message:
      data = payloadAt(event, 1, kData, PayloadDirection::in);
      name = payloadAt(event, 1, kName, PayloadDirection::in);
      break;
    case Form::messages:
      data = payloadAt(event, 1, kMessage + kData, PayloadDirection::in);
      name = payloadAt(event, 1, kMessage + kName, PayloadDirection::in);
      break;
    case Form::copy:
    case Form::splice:
    case Form::shutdown: return std::nullopt;
  }
  failed.payload = data;
  if (data >= 0) failed.data = event.payloads[static_cast<size_t>(data)].data;
  failed.remote = endpointAt(event, name);
  return failed;
}

}  // namespace tarry::analysis
