// The decoders of HTTP on a conversation that the input tells, and the codings of bodies that come out.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "analyzer/net/http1.h"
#include "analyzer/net/http2.h"
#include "analyzer/net/http_log.h"
#include "analyzer/net/http_text.h"
#include "query/net/content_coding.h"
#include "tests/fuzz/conversation.h"
#include "tests/fuzz/targets.h"

namespace tarry::fuzz {
namespace {

using namespace tarry::analysis;

constexpr size_t kMemory = size_t{8} << 20U;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "not a sound exchange: %s\n", what);
  std::abort();
}

// What the tables and their readers rely on.
void check(const HttpMessage& message, const std::vector<ByteView>& pieces, std::string& body) {
  uint64_t extents = 0;
  for (const BodyExtent& extent : message.body) {
    if (extent.source_id < 1 || static_cast<size_t>(extent.source_id) > pieces.size())
      fail("a body of no piece");
    const ByteView piece = pieces[static_cast<size_t>(extent.source_id) - 1];
    if (extent.offset < 0 || extent.length <= 0 || static_cast<uint64_t>(extent.offset) > piece.size() ||
        static_cast<uint64_t>(extent.length) > piece.size() - static_cast<uint64_t>(extent.offset))
      fail("a body outside its piece");
    extents += static_cast<uint64_t>(extent.length);
    const ByteView part =
        piece.subspan(static_cast<size_t>(extent.offset), static_cast<size_t>(extent.length));
    body.append(reinterpret_cast<const char*>(part.data()), part.size());
  }
  if (message.seen && extents > message.body_bytes) fail("more of a body than its size");
  if (message.seen && message.ended && !message.truncated && !message.incomplete && message.size_known &&
      extents != message.body_bytes)
    fail("a complete body with bytes missing");
  if (message.seen && message.last_ts < message.begin_ts) fail("an end before the beginning");
  constexpr size_t kMostText = 70'000;
  if (message.headers.size() > kMostText) fail("a header without end");
}

}  // namespace

void fuzzHttp(ByteView input) {
  HttpLog log(kMemory);
  std::vector<std::unique_ptr<Protocol>> protocols;
  protocols.push_back(http2Protocol(log));
  protocols.push_back(http1Protocol(log));
  Channel channel;
  channel.id = 1;
  channel.kind = ResourceKind::socket;
  std::vector<ByteView> pieces;
  {
    const std::unique_ptr<ChannelDecoder> decoder = routeChannel(protocols);
    ConversationReader reader(input);
    channel.plaintext = reader.plaintext();
    int64_t ts = 0;
    while (const auto step = reader.next()) {
      ts++;
      const Flow flow = step->received ? Flow::received : Flow::sent;
      if (step->kind == ConversationStep::Kind::lost) decoder->lost(channel, ts);
      if (step->kind == ConversationStep::Kind::ended) decoder->ended(channel, flow, ts);
      if (step->kind != ConversationStep::Kind::piece) continue;
      pieces.push_back(step->bytes);
      Piece piece;
      piece.flow = flow;
      piece.ts = ts;
      piece.source = PieceSource::payload;
      piece.source_id = static_cast<int64_t>(pieces.size());
      piece.data = step->bytes;
      piece.missing = step->missing;
      decoder->piece(channel, piece);
    }
  }
  for (const HttpExchange& exchange : log.exchanges()) {
    std::string request;
    std::string response;
    check(exchange.request, pieces, request);
    check(exchange.response, pieces, response);
    const std::vector<HeaderField> fields = headerFields(exchange.response.headers);
    constexpr DecodeLimits kLimits{size_t{1} << 20U, 100};
    const DecodedContent content =
        decodeContent(findHeader(fields, "content-encoding").value_or(std::string_view()), response, kLimits);
    if (content.bytes.size() > kLimits.most_bytes) fail("a body beyond the limit");
  }
}

}  // namespace tarry::fuzz
