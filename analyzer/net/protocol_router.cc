#include "analyzer/net/protocol_router.h"

#include <algorithm>
#include <array>
#include <optional>

namespace tarry::analysis {
namespace {

// As many bytes as any protocol needs to be recognised by.
constexpr size_t kEnough = 64;
// A channel that has shown nothing in so many pieces speaks something else.
constexpr int kPatience = 64;

struct Held {
  Piece piece;
  std::vector<uint8_t> data;
};

class Router final : public ChannelDecoder {
 public:
  explicit Router(const std::vector<std::unique_ptr<Protocol>>& protocols) : protocols_(protocols) {}

  void piece(const Channel& channel, const Piece& piece) override {
    if (decoder_ != nullptr) {
      decoder_->piece(channel, piece);
      return;
    }
    if (tries_ >= kPatience) return;
    start_ = {};
    size_t size = 0;
    // The bytes of this flow that are held, and these.
    const auto add = [&](std::span<const uint8_t> data) {
      const size_t count = std::min(kEnough - size, data.size());
      std::copy_n(data.begin(), count, start_.begin() + static_cast<std::ptrdiff_t>(size));
      size += count;
    };
    for (const Held& held : held_) {
      if (held.piece.flow == piece.flow) add(held.data);
    }
    add(piece.data);
    if (size == 0) return;
    bool maybe = false;
    for (const std::unique_ptr<Protocol>& protocol : protocols_) {
      const Verdict verdict = protocol->recognise(channel, piece, std::span(start_).first(size));
      if (verdict == Verdict::yes) {
        take(channel, *protocol);
        decoder_->piece(channel, piece);
        return;
      }
      maybe = maybe || verdict == Verdict::maybe;
    }
    if (maybe && size < kEnough && !channel.datagrams && piece.missing == 0) {
      held_.push_back({piece, {piece.data.begin(), piece.data.end()}});
      return;
    }
    // What was held is no beginning either.
    held_.clear();
    tries_++;
  }

  void failed(const Channel& channel, const Piece& piece, int32_t error) override {
    if (decoder_ == nullptr && !piece.data.empty()) {
      const std::span<const uint8_t> start = piece.data.first(std::min(kEnough, piece.data.size()));
      for (const std::unique_ptr<Protocol>& protocol : protocols_) {
        if (protocol->recognise(channel, piece, start) != Verdict::yes) continue;
        take(channel, *protocol);
        break;
      }
    }
    if (decoder_ != nullptr) decoder_->failed(channel, piece, error);
  }

  void lost(const Channel& channel, int64_t ts) override {
    if (decoder_ != nullptr) decoder_->lost(channel, ts);
    else held_.clear();
  }

  void ended(const Channel& channel, Flow flow, int64_t ts) override {
    if (decoder_ != nullptr) decoder_->ended(channel, flow, ts);
  }

 private:
  void take(const Channel& channel, Protocol& protocol) {
    decoder_ = protocol.decoder();
    for (Held& held : held_) {
      held.piece.data = held.data;
      decoder_->piece(channel, held.piece);
    }
    held_ = {};
  }

  const std::vector<std::unique_ptr<Protocol>>& protocols_;
  std::unique_ptr<ChannelDecoder> decoder_;
  std::vector<Held> held_;
  std::array<uint8_t, kEnough> start_{};
  int tries_ = 0;
};

}  // namespace

std::unique_ptr<ChannelDecoder> routeChannel(const std::vector<std::unique_ptr<Protocol>>& protocols) {
  return std::make_unique<Router>(protocols);
}

}  // namespace tarry::analysis
