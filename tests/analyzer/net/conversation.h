// A connection made of pieces by hand, and what became of its HTTP messages as comparable text.
#pragma once

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/net/http1.h"
#include "analyzer/net/http2.h"
#include "analyzer/net/http_log.h"

namespace tarry::testing {

using namespace tarry::analysis;

class Conversation {
 public:
  explicit Conversation(size_t memory = HttpLog::kMemory) : log(memory) {
    protocols_.push_back(http2Protocol(log));
    protocols_.push_back(http1Protocol(log));
    channel.id = 1;
    channel.kind = ResourceKind::socket;
    router_ = routeChannel(protocols_);
  }

  // One call's bytes, `missing` more of which are not in the trace.
  Conversation& say(Flow flow, std::string_view text, uint64_t missing = 0) {
    kept_.emplace_back(text);
    Piece piece;
    piece.flow = flow;
    piece.ts = ++now;
    piece.utid = 7;
    piece.upid = 3;
    piece.source = PieceSource::payload;
    piece.source_id = static_cast<int64_t>(kept_.size());
    piece.data = {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
    piece.missing = missing;
    router_->piece(channel, piece);
    return *this;
  }
  Conversation& sent(std::string_view text, uint64_t missing = 0) { return say(Flow::sent, text, missing); }
  Conversation& received(std::string_view text, uint64_t missing = 0) {
    return say(Flow::received, text, missing);
  }
  Conversation& lost() {
    router_->lost(channel, ++now);
    return *this;
  }
  Conversation& ended(Flow flow) {
    router_->ended(channel, flow, ++now);
    return *this;
  }
  Conversation& over() { return ended(Flow::sent).ended(Flow::received); }

  // "GET http://a/b -> 200 OK [body]", and what is wrong with it; a line each.
  std::string told() {
    std::string text;
    for (const HttpExchange& exchange : log.exchanges()) {
      if (!text.empty()) text += '\n';
      text += fmt::format("{} {}{} -> {} {}{}", exchange.method, exchange.url(), side(exchange.request),
                          exchange.status ? std::to_string(*exchange.status) : "?", exchange.reason,
                          side(exchange.response));
      if (exchange.reset) text += " reset";
      if (exchange.unlinked) text += " unlinked";
    }
    return text;
  }

  HttpLog log;
  Channel channel;
  int64_t now = 0;

 private:
  std::string side(const HttpMessage& message) const {
    if (!message.seen) return " (not seen)";
    std::string text = " [";
    for (const BodyExtent& extent : message.body)
      text += kept_[static_cast<size_t>(extent.source_id) - 1].substr(static_cast<size_t>(extent.offset),
                                                                      static_cast<size_t>(extent.length));
    text += "]";
    if (!message.size_known) text += " size?";
    else if (message.incomplete) text += fmt::format(" of {}", message.body_bytes);
    if (!message.trailers.empty()) text += " trailers";
    if (message.truncated) text += " truncated";
    if (message.incomplete) text += " incomplete";
    if (!message.ended) text += " open";
    return text;
  }

  std::vector<std::unique_ptr<Protocol>> protocols_;
  std::unique_ptr<ChannelDecoder> router_;
  std::vector<std::string> kept_;
};

// The same conversation cut in two at every byte, and into single bytes, says the same.
using Lines = std::vector<std::pair<Flow, std::string>>;

inline std::string toldWithCut(const Lines& lines, size_t line, size_t at) {
  Conversation c;
  for (size_t i = 0; i < lines.size(); i++) {
    const std::string_view text = lines[i].second;
    if (i != line) {
      c.say(lines[i].first, text);
      continue;
    }
    if (at > 0) c.say(lines[i].first, text.substr(0, at));
    c.say(lines[i].first, text.substr(at));
  }
  return c.over().told();
}

inline std::string toldInBytes(const Lines& lines) {
  Conversation c;
  for (const auto& [flow, text] : lines)
    for (const char& letter : text) c.say(flow, {&letter, 1});
  return c.over().told();
}

// The same is told wherever the calls cut the lines.
inline void checkEveryCut(const Lines& lines, const std::string& expected) {
  CHECK(toldWithCut(lines, lines.size(), 0) == expected);
  CHECK(toldInBytes(lines) == expected);
  for (size_t line = 0; line < lines.size(); line++) {
    for (size_t at = 1; at < lines[line].second.size(); at++) {
      const std::string told = toldWithCut(lines, line, at);
      if (told == expected) continue;
      INFO("line " << line << " cut at " << at);
      CHECK(told == expected);
      return;
    }
  }
}

}  // namespace tarry::testing
