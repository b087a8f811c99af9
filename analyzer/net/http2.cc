#include "analyzer/net/http2.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>

#include "analyzer/net/hpack.h"
#include "analyzer/net/http2_flow.h"

namespace tarry::analysis {
namespace {

// Streams open at once; servers allow some hundreds.
constexpr size_t kMostStreams = 4096;
// SETTINGS that wait to be acknowledged.
constexpr size_t kMostSettings = 64;
constexpr uint16_t kHeaderTableSize = 1;
constexpr size_t kSettingSize = 6;

uint32_t bigEndian(std::span<const uint8_t> bytes) {
  uint32_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8U | byte;
  return value;
}

// The last HEADER_TABLE_SIZE in a payload of SETTINGS.
std::optional<uint32_t> tableSizeOf(std::span<const uint8_t> settings) {
  std::optional<uint32_t> size;
  for (; settings.size() >= kSettingSize; settings = settings.subspan(kSettingSize))
    if (bigEndian(settings.first(2)) == kHeaderTableSize) size = bigEndian(settings.subspan(2, 4));
  return size;
}

// base64url, up to what is none.
std::vector<uint8_t> fromBase64(std::string_view text) {
  std::vector<uint8_t> bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    uint32_t digit = 0;
    if (c >= 'A' && c <= 'Z') digit = static_cast<uint32_t>(c - 'A');
    else if (c >= 'a' && c <= 'z') digit = static_cast<uint32_t>(c - 'a') + 26;
    else if (c >= '0' && c <= '9') digit = static_cast<uint32_t>(c - '0') + 52;
    else if (c == '-' || c == '+') digit = 62;
    else if (c == '_' || c == '/') digit = 63;
    else break;
    bits = bits << 6U | digit;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<uint8_t>(bits >> static_cast<uint32_t>(count)));
  }
  return bytes;
}

class Decoder final : public Http2Decoder, private Http2Flow::Owner {
 public:
  explicit Decoder(HttpLog& log)
      : log_(log), sent_(Flow::sent, *this, log), received_(Flow::received, *this, log) {}

  void upgraded(bool client, HttpExchange* asked, std::string_view settings) {
    roles_known_ = true;
    client_ = client;
    // The answer's headers may already use the table that the client asked for.
    if (const auto size = tableSizeOf(fromBase64(settings)))
      inflaterOf(client ? Flow::received : Flow::sent).tableSize(*size);
    if (asked == nullptr) return;
    asked->stream = 1;
    asked->version = "2";
    streams_[1].exchange = asked;
    newest_ = 1;
  }

  void take(const Channel& channel, const Piece& piece, size_t from) override {
    channel_ = &channel;
    if (from < piece.data.size() || piece.missing > 0) flowOf(piece.flow).take(piece, from);
  }
  void lost(const Channel& channel, int64_t /*ts*/) override {
    channel_ = &channel;
    sent_.lost();
    received_.lost();
  }
  // Streams that have not ended stay as they are.
  void ended(const Channel& /*channel*/, Flow /*flow*/, int64_t /*ts*/) override {}

 private:
  struct Stream {
    HttpExchange* exchange = nullptr;
  };

  Http2Flow& flowOf(Flow flow) { return flow == Flow::sent ? sent_ : received_; }
  HeaderInflater& inflaterOf(Flow flow) { return inflaters_[static_cast<size_t>(flow)]; }
  bool isRequest(Flow flow) const { return client_ == (flow == Flow::sent); }
  HttpMessage& messageOf(HttpExchange& exchange, Flow flow) const {
    return isRequest(flow) ? exchange.request : exchange.response;
  }
  void learnRoles(Flow flow, bool from_client) {
    if (roles_known_) return;
    roles_known_ = true;
    client_ = from_client == (flow == Flow::sent);
  }

  void preface(Flow flow) override { learnRoles(flow, true); }

  HttpExchange* open(uint32_t number, const HeaderBlock& block) {
    if (streams_.size() >= kMostStreams) streams_.erase(streams_.begin());
    newest_ = std::max(newest_, number);
    HttpExchange* exchange = log_.add(*channel_);
    if (exchange == nullptr) return nullptr;
    exchange->client = client_;
    exchange->utid = block.utid;
    exchange->upid = block.upid;
    exchange->version = "2";
    exchange->stream = number;
    streams_[number].exchange = exchange;
    return exchange;
  }

  void begin(HttpMessage& message, const HeaderBlock& block, const HeaderSet& set, bool whole) {
    message.seen = true;
    message.begin_ts = message.last_ts = block.ts;
    message.truncated = !whole;
    message.size_known = true;
    if (!log_.keep(message.headers, set.fields)) message.truncated = true;
  }

  void headers(Flow flow, const HeaderBlock& block) override {
    learnRoles(flow, false);
    HeaderInflater& inflater = inflaterOf(flow);
    HeaderSet set;
    if (!block.whole) inflater.fail();
    // Decoded in any case: what follows builds on it.
    const bool known = !inflater.failed() && inflater.inflate(block.bytes, set);
    const bool whole = known && set.whole;
    if (!known) set = {};
    const auto found = streams_.find(block.promised != 0 ? block.promised : block.stream);
    HttpExchange* exchange = found != streams_.end() ? found->second.exchange : nullptr;
    if (block.promised != 0) {
      if (exchange != nullptr || isRequest(flow)) return;
      exchange = open(block.promised, block);
      if (exchange == nullptr) return;
      request(*exchange, block, set, whole);
      exchange->request.ended = true;
      return;
    }
    if (isRequest(flow)) {
      const bool trailers = exchange != nullptr && exchange->request.seen;
      if (exchange == nullptr) {
        if (block.stream <= newest_ && !lost_) return;
        exchange = open(block.stream, block);
        if (exchange == nullptr) return;
      }
      if (trailers) trailing(exchange->request, block, set);
      else request(*exchange, block, set, whole);
    } else {
      if (exchange == nullptr) {
        // Its request may be among what was lost.
        if (!lost_ || block.stream <= closed_) return;
        exchange = open(block.stream, block);
        if (exchange == nullptr) return;
      }
      if (exchange->response.seen) trailing(exchange->response, block, set);
      else if (!response(*exchange, block, set, whole)) return;
    }
    if (block.end_stream) finish(flow, block.stream, block.ts);
  }

  void request(HttpExchange& exchange, const HeaderBlock& block, const HeaderSet& set, bool whole) {
    begin(exchange.request, block, set, whole);
    log_.keep(exchange.method, set.method);
    log_.keep(exchange.target, set.path);
    log_.keep(exchange.host, set.authority);
    log_.keep(exchange.scheme, set.scheme);
    if (set.method == "CONNECT") log_.keep(exchange.target, set.authority);
  }

  // False for an interim one.
  bool response(HttpExchange& exchange, const HeaderBlock& block, const HeaderSet& set, bool whole) {
    int64_t status = 0;
    const auto [end, error] =
        std::from_chars(set.status.data(), set.status.data() + set.status.size(), status);
    const bool is_number = error == std::errc() && end == set.status.data() + set.status.size();
    if (is_number && status >= 100 && status < 200) return false;
    begin(exchange.response, block, set, whole);
    if (is_number) exchange.status = status;
    return true;
  }

  void trailing(HttpMessage& message, const HeaderBlock& block, const HeaderSet& set) {
    message.saidAt(block.ts);
    if (!log_.keep(message.trailers, set.fields)) message.incomplete = true;
  }

  HttpMessage* bodyOf(Flow flow, uint32_t stream) {
    const auto found = streams_.find(stream);
    if (found == streams_.end()) return nullptr;
    HttpMessage& message = messageOf(*found->second.exchange, flow);
    return message.seen && !message.ended ? &message : nullptr;
  }

  void data(Flow flow, uint32_t stream, const Piece& piece, size_t offset, size_t length) override {
    HttpMessage* message = bodyOf(flow, stream);
    if (message == nullptr) return;
    message->saidAt(piece.ts);
    message->countBody(length);
    log_.keep(*message, piece, offset, length);
  }
  void dataMissing(Flow flow, uint32_t stream, uint64_t bytes) override {
    HttpMessage* message = bodyOf(flow, stream);
    if (message == nullptr) return;
    message->countBody(bytes);
    if (bytes == 0) message->size_known = false;
    message->incomplete = true;
  }
  void dataEnd(Flow flow, uint32_t stream, bool end_stream, int64_t ts) override {
    if (end_stream) finish(flow, stream, ts);
  }

  void finish(Flow flow, uint32_t stream, int64_t ts) {
    const auto found = streams_.find(stream);
    if (found == streams_.end()) return;
    HttpExchange& exchange = *found->second.exchange;
    HttpMessage& message = messageOf(exchange, flow);
    message.ended = true;
    message.saidAt(ts);
    if (exchange.response.ended && (exchange.request.ended || !exchange.request.seen)) close(stream);
  }

  void close(uint32_t stream) {
    closed_ = std::max(closed_, stream);
    streams_.erase(stream);
  }

  void control(Flow flow, const FrameHeader& header, std::span<const uint8_t> payload) override {
    if (header.type == FrameType::settings) return settings(flow, header, payload);
    if (header.type == FrameType::reset) {
      const auto found = streams_.find(header.stream);
      if (found == streams_.end()) return;
      // A server may stop an upload that it needs no more of once it has answered.
      if (!found->second.exchange->response.ended) found->second.exchange->reset = true;
      return close(header.stream);
    }
    // GOAWAY: streams above this one were not looked at.
    if (header.type != FrameType::go_away || payload.size() < 4 || isRequest(flow)) return;
    const uint32_t last = bigEndian(payload.first(4)) & 0x7fff'ffffU;
    for (auto i = streams_.upper_bound(last); i != streams_.end(); i = streams_.erase(i)) {
      if (i->first % 2 == 1) i->second.exchange->reset = true;
    }
  }

  // A change of the table counts for what the other side sends, from its acknowledgement on.
  void settings(Flow flow, const FrameHeader& header, std::span<const uint8_t> payload) {
    learnRoles(flow, false);
    std::deque<std::optional<uint32_t>>& mine = unacknowledged_[static_cast<size_t>(flow)];
    std::deque<std::optional<uint32_t>>& theirs = unacknowledged_[static_cast<size_t>(oppositeOf(flow))];
    constexpr uint8_t kAck = 1;
    if ((header.flags & kAck) == 0) {
      if (mine.size() < kMostSettings) mine.push_back(tableSizeOf(payload));
      else inflaterOf(oppositeOf(flow)).fail();
      return;
    }
    if (theirs.empty()) return;
    if (theirs.front()) inflaterOf(flow).tableSize(*theirs.front());
    theirs.pop_front();
  }

  void framesLost(Flow flow) override {
    lost_ = true;
    inflaterOf(flow).fail();
    // Settings may have been among them.
    inflaterOf(oppositeOf(flow)).fail();
    for (auto& [number, stream] : streams_) {
      HttpMessage& message = messageOf(*stream.exchange, flow);
      if (!message.seen || message.ended) continue;
      message.incomplete = true;
      message.size_known = false;
    }
  }

  HttpLog& log_;
  Http2Flow sent_, received_;
  std::array<HeaderInflater, 2> inflaters_;
  std::array<std::deque<std::optional<uint32_t>>, 2> unacknowledged_;
  const Channel* channel_ = nullptr;  // of the call that is under way
  bool roles_known_ = false;
  bool client_ = false;
  bool lost_ = false;
  std::map<uint32_t, Stream> streams_;
  uint32_t newest_ = 0;
  uint32_t closed_ = 0;
};

class Http2 final : public Protocol {
 public:
  explicit Http2(HttpLog& log) : log_(log) {}

  Verdict recognise(const Channel& channel, const Piece& piece,
                    std::span<const uint8_t> start) const override {
    if (channel.datagrams) return Verdict::no;
    const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
    const size_t count = std::min(text.size(), kHttp2Preface.size());
    if (text.substr(0, count) == kHttp2Preface.substr(0, count))
      return count == kHttp2Preface.size() ? Verdict::yes : piece.missing == 0 ? Verdict::maybe : Verdict::no;
    // In TLS the server may be the first to speak, with its SETTINGS; these bytes are common elsewhere.
    if (!channel.plaintext) return Verdict::no;
    constexpr uint8_t kSettings = 4;
    const size_t zeros = std::min<size_t>(start.size(), 2);
    if (!std::all_of(start.begin(), start.begin() + static_cast<std::ptrdiff_t>(zeros),
                     [](uint8_t b) { return b == 0; }))
      return Verdict::no;
    if (start.size() > 3 && start[3] != kSettings) return Verdict::no;
    if (start.size() < FrameHeader::kSize) return piece.missing == 0 ? Verdict::maybe : Verdict::no;
    return plausibleFrame(parseFrameHeader(start.first<FrameHeader::kSize>())) ? Verdict::yes : Verdict::no;
  }
  std::unique_ptr<ChannelDecoder> decoder() override { return std::make_unique<Decoder>(log_); }

 private:
  HttpLog& log_;
};

}  // namespace

std::unique_ptr<Protocol> http2Protocol(HttpLog& log) {
  return std::make_unique<Http2>(log);
}

std::unique_ptr<Http2Decoder> upgradedHttp2(HttpLog& log, bool client, HttpExchange* asked,
                                            std::string_view settings) {
  auto decoder = std::make_unique<Decoder>(log);
  decoder->upgraded(client, asked, settings);
  return decoder;
}

}  // namespace tarry::analysis
