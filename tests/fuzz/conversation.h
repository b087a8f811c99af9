// Inputs of fuzz_http and fuzz_export: what two ends of a connection said, call by call. The first byte says
// whether it was TLS; then come steps: a byte of what it is, and of a piece its length in two bytes and its
// bytes. Whatever comes is a conversation, the last piece is as long as there are bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tests/fuzz/messages.h"

namespace tarry::fuzz {

struct ConversationStep {
  enum class Kind : uint8_t { piece, lost, ended };
  Kind kind = Kind::piece;
  bool received = false;
  ByteView bytes;
  uint64_t missing = 0;
};

namespace conversation {
constexpr uint8_t kReceived = 1, kMissing = 2, kLost = 4, kEnded = 8;
}

class ConversationReader {
 public:
  explicit ConversationReader(ByteView input) : left_(input) { plaintext_ = (byte() & 1U) != 0; }

  bool plaintext() const { return plaintext_; }
  std::optional<ConversationStep> next() {
    if (left_.empty()) return std::nullopt;
    ConversationStep step;
    const uint8_t what = byte();
    step.received = (what & conversation::kReceived) != 0;
    if ((what & conversation::kLost) != 0) step.kind = ConversationStep::Kind::lost;
    else if ((what & conversation::kEnded) != 0) step.kind = ConversationStep::Kind::ended;
    if (step.kind != ConversationStep::Kind::piece) return step;
    if ((what & conversation::kMissing) != 0) {
      // Mostly little, sometimes more than any body has.
      step.missing = byte();
      if (step.missing == UINT8_MAX) step.missing = UINT64_MAX;
    }
    size_t length = byte();
    length = length << 8U | byte();
    length = std::min(length, left_.size());
    step.bytes = left_.first(length);
    left_ = left_.subspan(length);
    return step;
  }

 private:
  uint8_t byte() {
    if (left_.empty()) return 0;
    const uint8_t first = left_.front();
    left_ = left_.subspan(1);
    return first;
  }

  ByteView left_;
  bool plaintext_ = false;
};

class ConversationWriter {
 public:
  explicit ConversationWriter(bool plaintext = false) { bytes_.push_back(plaintext ? 1 : 0); }

  ConversationWriter& say(bool received, std::string_view text, uint8_t missing = 0) {
    bytes_.push_back(static_cast<uint8_t>((received ? conversation::kReceived : 0) |
                                          (missing != 0 ? conversation::kMissing : 0)));
    if (missing != 0) bytes_.push_back(missing);
    bytes_.push_back(static_cast<uint8_t>(text.size() >> 8U));
    bytes_.push_back(static_cast<uint8_t>(text.size()));
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  ConversationWriter& lost() {
    bytes_.push_back(conversation::kLost);
    return *this;
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

}  // namespace tarry::fuzz
