#include "analyzer/net/tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "analyzer/net/tls_tables.h"
#include "analyzer/tables.h"

namespace tarry::analysis {
namespace {

// RFC 8446, 5.1
constexpr size_t kHeader = 5;
constexpr size_t kMostInRecord = (1U << 14U) + 2048;
constexpr uint8_t kChangeCipherSpec = 20;
constexpr uint8_t kAlert = 21;
constexpr uint8_t kHandshake = 22;
constexpr uint8_t kApplicationData = 23;

constexpr uint8_t kClientHello = 1;
constexpr uint8_t kServerHello = 2;
constexpr size_t kMessageHeader = 4;
// What is kept of a hello; real ones are below 4 KiB, also with post-quantum keys.
constexpr size_t kMostHello = 1U << 16U;

// Whether a record can begin so, as far as it goes.
bool isHeader(std::span<const uint8_t> start) {
  if (start.empty() || start[0] < kChangeCipherSpec || start[0] > kApplicationData) return false;
  if (start.size() > 1 && start[1] != 3) return false;
  if (start.size() > 2 && start[2] > 4) return false;
  if (start.size() < kHeader) return true;
  const size_t length = static_cast<size_t>(start[3]) << 8U | start[4];
  return length > 0 && length <= kMostInRecord;
}

// One direction: the record that is being read, and what of the handshake is kept.
struct TlsFlow {
  std::vector<uint8_t> header;
  uint8_t type = 0;
  size_t rest = 0;             // of the record
  bool adrift = false;         // where the next record begins is not known
  std::vector<uint8_t> hello;  // until it is whole
  bool hello_done = false;
  bool changed_cipher = false;
  std::vector<uint8_t> alert;          // of two bytes
  std::optional<int64_t> finished_ts;  // first encrypted message of a handshake up to TLS 1.2
};

class TlsDecoder final : public ChannelDecoder {
 public:
  explicit TlsDecoder(TlsLog& log) : log_(log) {}

  void piece(const Channel& channel, const Piece& piece) override {
    TlsFlow& flow = flows_[static_cast<size_t>(piece.flow)];
    std::span<const uint8_t> data = piece.data;
    if (flow.adrift && !data.empty() && data.size() >= kHeader && isHeader(data)) flow.adrift = false;
    while (!data.empty() && !flow.adrift) {
      if (flow.rest == 0) {
        const size_t count = std::min(kHeader - flow.header.size(), data.size());
        flow.header.insert(flow.header.end(), data.begin(),
                           data.begin() + static_cast<std::ptrdiff_t>(count));
        data = data.subspan(count);
        if (flow.header.size() == kHeader) beginRecord(flow, piece);
        continue;
      }
      const size_t count = std::min(flow.rest, data.size());
      body(channel, flow, piece, data.first(count));
      flow.rest -= count;
      data = data.subspan(count);
    }
    if (!data.empty() || piece.missing > 0) skip(channel, flow, piece, data.size() + piece.missing);
    if (session_ != nullptr) session_->last_ts = std::max(session_->last_ts, piece.ts);
  }

  void lost(const Channel& channel, int64_t /*ts*/) override {
    for (const Flow flow : {Flow::sent, Flow::received}) goAdrift(channel, flow);
  }

  void ended(const Channel& channel, Flow flow, int64_t ts) override {
    Piece end;
    end.flow = flow;
    end.ts = ts;
    finishHello(channel, flows_[static_cast<size_t>(flow)], end, false);
  }

 private:
  void beginRecord(TlsFlow& flow, const Piece& piece) {
    if (!isHeader(flow.header)) {
      setAdrift(flow, piece.flow);
      return;
    }
    flow.type = flow.header[0];
    flow.rest = static_cast<size_t>(flow.header[3]) << 8U | flow.header[4];
    flow.header.clear();
    flow.alert.clear();
    short_alert_[static_cast<size_t>(piece.flow)] = flow.rest == 2;
    if (session_ == nullptr) return;
    const bool modern = session_->server_hello && session_->server_hello->version == kTls13;
    if (flow.type == kChangeCipherSpec) flow.changed_cipher = true;
    if (flow.type == kHandshake && flow.changed_cipher && !modern && !flow.finished_ts) {
      flow.finished_ts = piece.ts;
      const TlsFlow& other = flows_[static_cast<size_t>(oppositeOf(piece.flow))];
      if (other.finished_ts) session_->finished_ts = std::max(*flow.finished_ts, *other.finished_ts);
    }
    // From 1.3 on the client's first encrypted record behind the ServerHello ends the handshake.
    const bool by_client = (piece.flow == Flow::sent) == session_->client;
    if (flow.type == kApplicationData && modern && by_client && !session_->finished_ts)
      session_->finished_ts = piece.ts;
  }

  void body(const Channel& channel, TlsFlow& flow, const Piece& piece, std::span<const uint8_t> bytes) {
    switch (flow.type) {
      case kApplicationData:
        if (session_ != nullptr) session_->data_bytes[static_cast<size_t>(piece.flow)] += bytes.size();
        break;
      case kAlert:
        if (!short_alert_[static_cast<size_t>(piece.flow)] || session_ == nullptr) break;
        flow.alert.insert(flow.alert.end(), bytes.begin(), bytes.end());
        if (flow.alert.size() == 2) alert(flow, piece);
        break;
      case kHandshake:
        if (flow.hello_done || flow.changed_cipher) break;
        flow.hello.insert(flow.hello.end(), bytes.begin(), bytes.end());
        if (helloIsWhole(flow)) finishHello(channel, flow, piece, true);
        else if (flow.hello.size() > kMostHello) finishHello(channel, flow, piece, false);
        break;
      default: break;
    }
  }

  static bool helloIsWhole(const TlsFlow& flow) {
    if (flow.hello.size() < kMessageHeader) return false;
    const size_t length =
        static_cast<size_t>(flow.hello[1]) << 16U | static_cast<size_t>(flow.hello[2]) << 8U | flow.hello[3];
    return flow.hello.size() >= kMessageHeader + length;
  }

  void finishHello(const Channel& channel, TlsFlow& flow, const Piece& piece, bool whole) {
    if (flow.hello_done || flow.hello.size() < kMessageHeader) return;
    flow.hello_done = true;
    const size_t length =
        static_cast<size_t>(flow.hello[1]) << 16U | static_cast<size_t>(flow.hello[2]) << 8U | flow.hello[3];
    std::span<const uint8_t> body(flow.hello);
    body = body.subspan(kMessageHeader, std::min(length, body.size() - kMessageHeader));
    if (flow.hello[0] == kClientHello) {
      if (auto hello = parseClientHello(body, whole)) {
        TlsSession& session = sessionOf(channel, piece, piece.flow == Flow::sent);
        if (!session.client_hello) session.client_hello = std::move(hello);
      }
    } else if (flow.hello[0] == kServerHello) {
      if (auto hello = parseServerHello(body, whole)) {
        TlsSession& session = sessionOf(channel, piece, piece.flow == Flow::received);
        if (hello->retry) {
          flow.hello_done = false;  // another one follows
        } else {
          session.server_hello = std::move(hello);
          session.server_hello_ts = piece.ts;
        }
      }
    }
    flow.hello = {};
  }

  TlsSession& sessionOf(const Channel& channel, const Piece& piece, bool client) {
    if (session_ == nullptr) {
      session_ = &log_.begin();
      session_->ts = session_->last_ts = piece.ts;
      session_->resource = channel.resource;
      session_->upid = piece.upid;
      session_->utid = piece.utid;
      session_->client = client;
      for (size_t i = 0; i < flows_.size(); i++) session_->incomplete[i] = incomplete_[i];
    }
    return *session_;
  }

  void alert(const TlsFlow& flow, const Piece& piece) {
    constexpr uint8_t kFatal = 2;
    if (!session_->alert.empty() || flow.alert[1] == 0) return;
    session_->alert = fmt::format("{} {} {}", piece.flow == Flow::sent ? "sent" : "received",
                                  flow.alert[0] == kFatal ? "fatal" : "warning", tlsAlertName(flow.alert[1]));
  }

  // So many bytes were not seen.
  void skip(const Channel& channel, TlsFlow& flow, const Piece& piece, uint64_t missing) {
    if (flow.type == kHandshake || flow.rest == 0) finishHello(channel, flow, piece, false);
    const auto skipped = static_cast<size_t>(std::min<uint64_t>(flow.rest, missing));
    if (flow.type == kApplicationData && session_ != nullptr)
      session_->data_bytes[static_cast<size_t>(piece.flow)] += skipped;
    flow.rest -= skipped;
    if (skipped < missing) setAdrift(flow, piece.flow);
  }

  void goAdrift(const Channel& channel, Flow direction) {
    TlsFlow& flow = flows_[static_cast<size_t>(direction)];
    Piece here;
    here.flow = direction;
    if (session_ != nullptr) {
      here.ts = session_->last_ts;
      finishHello(channel, flow, here, false);
    }
    setAdrift(flow, direction);
  }

  void setAdrift(TlsFlow& flow, Flow direction) {
    flow.adrift = true;
    flow.rest = 0;
    flow.header.clear();
    flow.hello.clear();
    incomplete_[static_cast<size_t>(direction)] = true;
    if (session_ != nullptr) session_->incomplete[static_cast<size_t>(direction)] = true;
  }

  TlsLog& log_;
  TlsSession* session_ = nullptr;  // of log_
  std::array<TlsFlow, 2> flows_;
  std::array<bool, 2> incomplete_{};
  std::array<bool, 2> short_alert_{};  // encrypted ones are longer
};

class TlsProtocol final : public Protocol {
 public:
  explicit TlsProtocol(TlsLog& log) : log_(log) {}

  // By the record of a hello.
  Verdict recognise(const Channel& channel, const Piece& /*piece*/,
                    std::span<const uint8_t> start) const override {
    if (channel.datagrams || channel.plaintext || start[0] != kHandshake || !isHeader(start))
      return Verdict::no;
    if (start.size() <= kHeader) return Verdict::maybe;
    const uint8_t message = start[kHeader];
    return message == kClientHello || message == kServerHello ? Verdict::yes : Verdict::no;
  }
  std::unique_ptr<ChannelDecoder> decoder() override { return std::make_unique<TlsDecoder>(log_); }

 private:
  TlsLog& log_;
};

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ","));
}

}  // namespace

std::unique_ptr<Protocol> tlsProtocol(TlsLog& log) {
  return std::make_unique<TlsProtocol>(log);
}

void TlsLog::store(Database& db, int64_t from_ts, int64_t to_ts,
                   const std::function<bool(ResourceId)>& has_plaintext) const {
  std::vector<const TlsSession*> order;
  for (const TlsSession& session : sessions_) {
    if (session.ts <= to_ts && session.last_ts >= from_ts) order.push_back(&session);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const TlsSession* a, const TlsSession* b) { return a->ts < b->ts; });
  Inserter<tables::kTls> into(db);
  int64_t id = 0;
  for (const TlsSession* session : order) {
    tables::TlsRow row;
    row.id = ++id;
    row.ts = session->ts;
    if (session->resource) row.resource_id = session->resource.value;
    if (has_plaintext && has_plaintext(session->resource)) row.plaintext = 1;
    row.upid = session->upid;
    row.utid = session->utid;
    row.side = Label(session->client ? "client" : "server");
    std::string offered, version_offered, version, cipher;
    if (session->client_hello) {
      const TlsClientHello& hello = *session->client_hello;
      if (!hello.server_name.empty()) row.server_name = hello.server_name;
      if (!hello.alpn.empty()) row.alpn_offered = offered = joined(hello.alpn);
      if (hello.version != 0) row.version_offered = version_offered = tlsVersionName(hello.version);
      if (hello.ciphers != 0) row.ciphers_offered = hello.ciphers;
    }
    if (session->server_hello) {
      const TlsServerHello& hello = *session->server_hello;
      if (!hello.alpn.empty()) row.alpn = hello.alpn;
      if (hello.version != 0) row.version = version = tlsVersionName(hello.version);
      row.cipher = cipher = tlsCipherName(hello.cipher);
      if (session->client_hello) row.hello_ns = std::max<int64_t>(session->server_hello_ts - session->ts, 0);
    }
    if (session->finished_ts && session->client_hello)
      row.handshake_ns = std::max<int64_t>(*session->finished_ts - session->ts, 0);
    if (!session->alert.empty()) row.alert = session->alert;
    const auto bytes = [&](Flow flow) -> NullableInteger {
      const auto i = static_cast<size_t>(flow);
      if (session->incomplete[i]) return std::nullopt;
      return static_cast<int64_t>(session->data_bytes[i]);
    };
    row.sent_bytes = bytes(Flow::sent);
    row.received_bytes = bytes(Flow::received);
    into.insert(row);
  }
}

}  // namespace tarry::analysis
