// From the pieces of a channel to DNS messages: datagrams are messages, in TCP each has its length before it.
#include <algorithm>
#include <array>

#include "analyzer/net/dns.h"

namespace tarry::analysis {
namespace {

constexpr uint16_t kPort = 53;
constexpr uint16_t kMulticastPort = 5353;
constexpr size_t kLengthSize = 2;

struct Spoken {
  bool dns = false;
  bool multicast = false;
};

Spoken spokenOn(const Channel& channel, const Piece& piece) {
  Spoken spoken;
  if (channel.kind != ResourceKind::socket || channel.plaintext) return spoken;
  for (const uint16_t port : {piece.remote.port, channel.remote.port, channel.local.port}) {
    if (port == kPort) spoken.dns = true;
    if (port == kMulticastPort && channel.datagrams) spoken.dns = spoken.multicast = true;
  }
  return spoken;
}

// One flow of a TCP connection. Holds at most one message.
class Framer {
 public:
  // Calls take(bytes, whole) of each message.
  template <typename Take>
  void piece(const Piece& piece, const Take& take) {
    std::span<const uint8_t> data = piece.data;
    while (!data.empty()) {
      const size_t before = held_.size();
      const size_t wanted = before < kLengthSize ? kLengthSize : kLengthSize + length();
      const size_t count = std::min(wanted - before, data.size());
      if (skipping_ > 0) {
        const size_t skipped = std::min(skipping_, data.size());
        skipping_ -= skipped;
        data = data.subspan(skipped);
        continue;
      }
      held_.insert(held_.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(count));
      data = data.subspan(count);
      if (held_.size() >= kLengthSize && held_.size() == kLengthSize + length()) deliver(take, true);
    }
    if (piece.missing > 0) skip(piece.missing, take);
  }

  // Where a message begins is not known any more; it is assumed that the next piece begins one.
  void reset() {
    held_.clear();
    skipping_ = 0;
  }

 private:
  size_t length() const { return static_cast<size_t>(held_[0] << 8U | held_[1]); }

  template <typename Take>
  void deliver(const Take& take, bool whole) {
    take(std::span<const uint8_t>(held_).subspan(kLengthSize), whole);
    held_.clear();
  }

  template <typename Take>
  void skip(uint64_t missing, const Take& take) {
    if (skipping_ > 0) {
      skipping_ -= static_cast<size_t>(std::min<uint64_t>(skipping_, missing));
      return;
    }
    if (held_.size() < kLengthSize) {
      reset();
      return;
    }
    const uint64_t rest = kLengthSize + length() - held_.size();
    deliver(take, false);
    if (missing < rest) skipping_ = static_cast<size_t>(rest - missing);
  }

  std::vector<uint8_t> held_;
  size_t skipping_ = 0;  // bytes of a message that is cut
};

class DnsDecoder final : public ChannelDecoder {
 public:
  explicit DnsDecoder(DnsLog& log) : log_(log) {}

  void piece(const Channel& channel, const Piece& piece) override {
    const Spoken spoken = spokenOn(channel, piece);
    if (!spoken.dns) return;
    const DnsLog::Context context{channel, piece, !channel.datagrams, spoken.multicast};
    if (channel.datagrams) {
      log_.message(context, piece.data, piece.missing == 0);
      return;
    }
    flows_[static_cast<size_t>(piece.flow)].piece(
        piece, [&](std::span<const uint8_t> bytes, bool whole) { log_.message(context, bytes, whole); });
  }

  void failed(const Channel& channel, const Piece& piece, int32_t error) override {
    const Spoken spoken = spokenOn(channel, piece);
    if (!spoken.dns) return;
    std::span<const uint8_t> bytes = piece.data;
    if (!channel.datagrams) bytes = bytes.subspan(std::min(bytes.size(), kLengthSize));
    log_.failed({channel, piece, !channel.datagrams, spoken.multicast}, bytes, error);
  }

  void lost(const Channel& /*channel*/, int64_t /*ts*/) override {
    for (Framer& flow : flows_) flow.reset();
  }

  void ended(const Channel& /*channel*/, Flow flow, int64_t /*ts*/) override {
    flows_[static_cast<size_t>(flow)].reset();
  }

 private:
  DnsLog& log_;
  std::array<Framer, 2> flows_;
};

class DnsProtocol final : public Protocol {
 public:
  explicit DnsProtocol(DnsLog& log) : log_(log) {}

  Verdict recognise(const Channel& channel, const Piece& piece,
                    std::span<const uint8_t> start) const override {
    if (!spokenOn(channel, piece).dns) return Verdict::no;
    if (channel.datagrams) return looksLikeDns(start) ? Verdict::yes : Verdict::no;
    constexpr size_t kHeader = 12;
    if (start.size() < kLengthSize + kHeader) return Verdict::maybe;
    return looksLikeDns(start.subspan(kLengthSize)) ? Verdict::yes : Verdict::no;
  }
  std::unique_ptr<ChannelDecoder> decoder() override { return std::make_unique<DnsDecoder>(log_); }

 private:
  DnsLog& log_;
};

}  // namespace

std::unique_ptr<Protocol> dnsProtocol(DnsLog& log) {
  return std::make_unique<DnsProtocol>(log);
}

}  // namespace tarry::analysis
