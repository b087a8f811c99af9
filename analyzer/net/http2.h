// HTTP/2: streams, each a request and its response; prior knowledge, TLS plaintext, and after an Upgrade.
#pragma once

#include <memory>

#include "analyzer/net/http_log.h"
#include "analyzer/net/protocol_router.h"

namespace tarry::analysis {

std::unique_ptr<Protocol> http2Protocol(HttpLog& log);

class Http2Decoder : public ChannelDecoder {
 public:
  // From this byte of the piece on.
  virtual void take(const Channel& channel, const Piece& piece, size_t from) = 0;
  void piece(const Channel& channel, const Piece& piece) override { take(channel, piece, 0); }
};

// For a connection that has agreed on it with HTTP/1.1's Upgrade, on which `asked` waits for its answer as
// stream 1; nullptr: it is not kept. `settings` is what the field HTTP2-Settings said.
std::unique_ptr<Http2Decoder> upgradedHttp2(HttpLog& log, bool client, HttpExchange* asked,
                                            std::string_view settings);

}  // namespace tarry::analysis
