#include "analyzer/net/http1.h"

#include <algorithm>
#include <deque>

#include "analyzer/net/http1_flow.h"
#include "analyzer/net/http2.h"
#include "analyzer/net/http_text.h"

namespace tarry::analysis {
namespace {

// Requests that wait for their responses on one connection; browsers and servers allow a few.
constexpr size_t kMostPending = 1024;
constexpr size_t kMostSettings = 1024;

// Digits alone, the same in every field.
std::optional<uint64_t> contentLength(const std::vector<HeaderField>& fields, bool& given) {
  std::optional<uint64_t> length;
  for (const HeaderField& field : fields) {
    if (!sameText(field.name, "content-length")) continue;
    given = true;
    uint64_t value = 0;
    if (field.value.empty() || field.value.size() > 18) return std::nullopt;
    for (const char c : field.value) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + static_cast<uint64_t>(c - '0');
    }
    if (length && *length != value) return std::nullopt;
    length = value;
  }
  return length;
}

// What the fields say of a message's body, if it has one (RFC 9112, 6.3).
BodyRule bodyOf(const std::vector<HeaderField>& fields, bool response) {
  BodyRule rule;
  if (findHeader(fields, "transfer-encoding")) {
    const bool chunked = headerHas(fields, "transfer-encoding", "chunked");
    rule.kind = chunked ? BodyKind::chunked : response ? BodyKind::until_end : BodyKind::unknown;
    return rule;
  }
  bool given = false;
  const std::optional<uint64_t> length = contentLength(fields, given);
  if (given) {
    rule.kind = length ? BodyKind::counted : BodyKind::unknown;
    rule.length = length.value_or(0);
  } else if (response) {
    rule.kind = BodyKind::until_end;
  }
  return rule;
}

std::string_view versionOf(std::string_view text) {
  return text == "HTTP/1.0" ? "1.0" : "1.1";
}

struct StatusLine {
  std::string_view version, reason;
  std::optional<int64_t> status;
};

StatusLine parseStatusLine(const MessageHeader& header) {
  // "HTTP/1.1 200 OK", of which the first twelve are known to be there and of this form.
  constexpr size_t kCode = 9, kReason = 13;
  StatusLine line;
  line.version = versionOf(header.start_line.substr(0, 8));
  int64_t status = 0;
  for (const char c : header.start_line.substr(kCode, 3)) status = status * 10 + (c - '0');
  line.status = status;
  if (header.start_line_whole && header.start_line.size() > kReason)
    line.reason = header.start_line.substr(kReason);
  return line;
}

class Http1Decoder final : public ChannelDecoder, private Http1Flow::Owner {
 public:
  explicit Http1Decoder(HttpLog& log)
      : log_(log), sent_(Flow::sent, *this, log), received_(Flow::received, *this, log) {}

  void piece(const Channel& channel, const Piece& piece) override {
    size_t used = 0;
    if (!switched_) {
      channel_ = &channel;
      used = flowOf(piece.flow).take(piece);
    }
    if (next_ != nullptr) next_->take(channel, piece, used);
  }

  void lost(const Channel& channel, int64_t ts) override {
    if (next_ != nullptr) return next_->lost(channel, ts);
    if (switched_) return;
    channel_ = &channel;
    sent_.lost();
    received_.lost();
    for (const Pending& pending : pending_)
      if (pending.exchange != nullptr) pending.exchange->unlinked = true;
    pending_.clear();
    forgotten_ = 0;
  }

  void ended(const Channel& channel, Flow flow, int64_t ts) override {
    if (next_ != nullptr) return next_->ended(channel, flow, ts);
    if (switched_) return;
    channel_ = &channel;
    flowOf(flow).end();
  }

 private:
  struct Pending {
    HttpExchange* exchange = nullptr;
    bool head = false, connect = false;
    std::optional<std::string> upgrade;  // to HTTP/2: the settings that go with it
  };

  Http1Flow& flowOf(Flow flow) { return flow == Flow::sent ? sent_ : received_; }

  BodyRule header(Flow flow, const MessageHeader& header) override {
    const bool request = header.kind == MessageKind::request;
    if (!roles_known_) {
      roles_known_ = true;
      client_ = request == (flow == Flow::sent);
      flowOf(flow).expect(header.kind);
      flowOf(oppositeOf(flow)).expect(request ? MessageKind::response : MessageKind::request);
    }
    return request ? requestHeader(header) : responseHeader(header);
  }

  HttpExchange* newExchange(const MessageHeader& header) {
    HttpExchange* exchange = log_.add(*channel_);
    if (exchange == nullptr) return nullptr;
    exchange->client = client_;
    exchange->utid = header.utid;
    exchange->upid = header.upid;
    exchange->version = "1.1";
    return exchange;
  }

  BodyRule requestHeader(const MessageHeader& header) {
    // METHOD SP TARGET SP VERSION; of a line that is not whole only what a blank follows.
    const std::string_view line = header.start_line;
    const size_t method_end = line.find(' ');
    const std::string_view method = line.substr(0, method_end);
    const size_t target_end = header.start_line_whole ? line.rfind(' ') : line.find(' ', method_end + 1);
    const bool has_target = target_end != line.npos && target_end > method_end;
    const std::vector<HeaderField> fields = headerFields(header.fields);
    BodyRule rule = bodyOf(fields, false);
    Pending pending{newExchange(header), method == "HEAD", method == "CONNECT", std::nullopt};
    if (header.whole && headerHas(fields, "upgrade", "h2c"))
      pending.upgrade =
          findHeader(fields, "http2-settings").value_or(std::string_view()).substr(0, kMostSettings);
    HttpExchange* exchange = pending.exchange;
    if (exchange != nullptr) {
      rule.message = &exchange->request;
      log_.keep(exchange->method, method);
      if (has_target) log_.keep(exchange->target, line.substr(method_end + 1, target_end - method_end - 1));
      if (header.start_line_whole) exchange->version = versionOf(line.substr(target_end + 1));
      log_.keep(exchange->host, hostOf(*exchange, fields));
      if (!log_.keep(exchange->request.headers, header.fields)) exchange->request.incomplete = true;
    }
    if (pending_.size() >= kMostPending) {
      // Its answer will come all the same, and is not the next one's.
      pending_.pop_front();
      forgotten_++;
    }
    pending_.push_back(std::move(pending));
    return rule;
  }

  static std::string_view hostOf(const HttpExchange& exchange, const std::vector<HeaderField>& fields) {
    const std::string_view target = exchange.target;
    if (exchange.method == "CONNECT") return target;
    const size_t scheme_end = target.find("://");
    if (scheme_end != target.npos && target.front() != '/') {
      const std::string_view rest = target.substr(scheme_end + 3);
      return rest.substr(0, rest.find_first_of("/?#"));
    }
    return findHeader(fields, "host").value_or(std::string_view());
  }

  BodyRule responseHeader(const MessageHeader& header) {
    constexpr int64_t kContinue = 100, kSwitching = 101, kOk = 200, kNoContent = 204, kMultiple = 300,
                      kNotModified = 304;
    const StatusLine line = parseStatusLine(header);
    const int64_t status = line.status.value_or(0);
    const bool interim = status >= kContinue && status < kOk && status != kSwitching;
    if (interim) return {};
    const bool known = forgotten_ == 0 && !pending_.empty();
    Pending answered;
    if (known) answered = std::move(pending_.front());
    const std::vector<HeaderField> fields = headerFields(header.fields);
    if (known) pending_.pop_front();
    else if (forgotten_ > 0) forgotten_--;
    if (status == kSwitching && answered.upgrade && headerHas(fields, "upgrade", "h2c")) {
      next_ = upgradedHttp2(log_, client_, answered.exchange, *answered.upgrade);
      switched_ = true;
      flowOf(client_ ? Flow::sent : Flow::received).leave();
      BodyRule rule;
      rule.kind = BodyKind::other_protocol;
      return rule;
    }
    HttpExchange* exchange = known ? answered.exchange : newExchange(header);
    BodyRule rule = bodyOf(fields, true);
    if (exchange != nullptr) {
      rule.message = &exchange->response;
      if (!known) exchange->version = line.version;
      exchange->status = line.status;
      log_.keep(exchange->reason, line.reason);
      if (!log_.keep(exchange->response.headers, header.fields)) exchange->response.incomplete = true;
    }
    const bool tunnel = answered.connect && status >= kOk && status < kMultiple;
    if (status == kSwitching || tunnel) {
      switched_ = true;
      flowOf(client_ ? Flow::sent : Flow::received).leave();
      rule.kind = BodyKind::other_protocol;
      return rule;
    }
    const bool none = answered.head || status == kNoContent || status == kNotModified;
    if (none) rule.kind = BodyKind::none;
    rule.certain = known || none;
    return rule;
  }

  HttpLog& log_;
  Http1Flow sent_, received_;
  const Channel* channel_ = nullptr;  // of the call that is under way
  bool roles_known_ = false;
  bool client_ = false;
  bool switched_ = false;
  std::deque<Pending> pending_;
  size_t forgotten_ = 0;  // requests before pending_ that are not known any more
  std::unique_ptr<Http2Decoder> next_;
};

class Http1 final : public Protocol {
 public:
  explicit Http1(HttpLog& log) : log_(log) {}

  Verdict recognise(const Channel& channel, const Piece& piece,
                    std::span<const uint8_t> start) const override {
    if (channel.datagrams) return Verdict::no;
    const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
    return messageBeginning(text, piece.missing == 0 || start.size() < piece.data.size()).verdict;
  }
  std::unique_ptr<ChannelDecoder> decoder() override { return std::make_unique<Http1Decoder>(log_); }

 private:
  HttpLog& log_;
};

}  // namespace

std::unique_ptr<Protocol> http1Protocol(HttpLog& log) {
  return std::make_unique<Http1>(log);
}

}  // namespace tarry::analysis
