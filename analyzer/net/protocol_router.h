// ProtocolRouter: finds out what is spoken on a channel from the first bytes of its pieces, and hands it to
// the decoder of that protocol from there on. Also in the middle of a connection that was there before the
// recording: protocols of requests are recognised at the next request.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "analyzer/net/stream.h"

namespace tarry::analysis {

enum class Verdict : uint8_t {
  no,
  maybe,  // as far as these bytes go: more are needed
  yes,
};

// A protocol that can be recognised. Its object outlives the router's channels.
class Protocol {
 public:
  virtual ~Protocol() = default;
  // By the first bytes of a flow, or of a piece where nothing was recognised before; `start` is never empty.
  virtual Verdict recognise(const Channel& channel, const Piece& piece,
                            std::span<const uint8_t> start) const = 0;
  virtual std::unique_ptr<ChannelDecoder> decoder() = 0;
};

// The decoder of a channel that nothing has been recognised on yet: asks `protocols` in their order. The list
// must outlive it.
std::unique_ptr<ChannelDecoder> routeChannel(const std::vector<std::unique_ptr<Protocol>>& protocols);

}  // namespace tarry::analysis
