// The decoders of what programs say, without a trace around it.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "analyzer/net/dns.h"
#include "analyzer/net/tls.h"
#include "analyzer/schema.h"
#include "tests/fuzz/targets.h"

namespace tarry::fuzz {
namespace {

using namespace analysis;

// An input is a byte for the kind of channel, then pieces: two bytes (flow, what is missing behind the piece
// and what else happens; size in units of 1 to 256 bytes), then their bytes.
void converse(ByteView input, Protocol& protocol) {
  if (input.empty()) return;
  Channel channel;
  channel.id = 1;
  channel.resource = ResourceId{1};
  channel.kind = ResourceKind::socket;
  channel.datagrams = (input[0] & 1U) != 0;
  channel.local.family = channel.remote.family = 2;
  channel.local.port = 40000;
  channel.remote.port = (input[0] & 2U) != 0 ? 5353 : 53;
  if ((input[0] & 4U) != 0) std::swap(channel.local, channel.remote);
  input = input.subspan(1);
  std::unique_ptr<ChannelDecoder> decoder = protocol.decoder();
  int64_t ts = 0;
  while (input.size() >= 2) {
    const uint8_t how = input[0];
    const size_t size =
        std::min<size_t>(input.size() - 2, (how & 2U) != 0 ? input[1] : input[1] * size_t{256});
    Piece piece;
    piece.flow = (how & 1U) != 0 ? Flow::sent : Flow::received;
    piece.ts = piece.enter_ts = ++ts;
    piece.utid = piece.upid = 1;
    piece.remote = channel.remote;
    piece.data = input.subspan(2, size);
    if ((how & 4U) != 0) piece.missing = size_t{how} * size_t{how};
    input = input.subspan(2 + size);
    if (!piece.data.empty()) protocol.recognise(channel, piece, piece.data.first(std::min<size_t>(64, size)));
    if ((how & 0xF0U) == 0xF0) decoder->failed(channel, piece, 111);
    else if ((how & 0xF0U) == 0xE0) decoder->lost(channel, ts);
    else if ((how & 0xF0U) == 0xD0) decoder->ended(channel, piece.flow, ts);
    else decoder->piece(channel, piece);
  }
  decoder->ended(channel, Flow::sent, ts);
  decoder->ended(channel, Flow::received, ts);
}

template <typename Log>
void storeAll(const Log& log) {
  // Made once: it takes far longer than all the rest.
  static Database db = [] {
    Database made;
    createSchema(made);
    return made;
  }();
  db.execute("BEGIN");
  log.store(db, INT64_MIN, INT64_MAX);
  db.execute("ROLLBACK");
}

}  // namespace

void fuzzDns(ByteView input) {
  DnsLog log;
  converse(input, *dnsProtocol(log));
  size_t kept = 0;
  for (const DnsLookup& lookup : log.lookups()) {
    for (const DnsRecord& record : lookup.answers) kept += record.name.size() + record.data.size();
  }
  constexpr size_t kMost = 65U << 20U;
  if (kept > kMost) {
    std::fprintf(stderr, "%zu bytes of answers are kept\n", kept);
    std::abort();
  }
  storeAll(log);
}

void fuzzTls(ByteView input) {
  TlsLog log;
  converse(input, *tlsProtocol(log));
  storeAll(log);
}

}  // namespace tarry::fuzz
