#include "recorder/call_rest.h"

#include <algorithm>

namespace tarry {
namespace {

// A block of the trace holds less (docs/trace-format.md, "Limits").
constexpr size_t kMostBytesOfCall = size_t{32} << 20U;
constexpr size_t kMostBytes = size_t{64} << 20U;

}  // namespace

bool CallRest::add(const rec_rest& head, std::span<const uint8_t> bytes) {
  bytes = bytes.first(std::min<size_t>(bytes.size(), head.len));
  Rest& rest = calls_[keyOf(head.thread, head.call_seq)];
  if (rest.bytes.empty()) {
    rest.arg = head.arg;
    rest.part = head.index;
    rest.out = head.out != 0;
    rest.begin = head.offset;
  }
  rest.old = false;
  // Pieces come in order; behind one that was lost nothing follows.
  if (head.offset != rest.begin + rest.bytes.size()) return true;
  if (size_bytes_ + bytes.size() > kMostBytes || rest.bytes.size() + bytes.size() > kMostBytesOfCall)
    return false;
  rest.bytes.insert(rest.bytes.end(), bytes.begin(), bytes.end());
  size_bytes_ += bytes.size();
  return true;
}

void CallRest::take(uint32_t thread, uint32_t call_seq, uint64_t moved, std::vector<PayloadRef>& payloads) {
  if (calls_.empty()) return;
  const auto found = calls_.find(keyOf(thread, call_seq));
  if (found == calls_.end()) return;
  const Rest rest = std::move(found->second);
  size_bytes_ -= rest.bytes.size();
  calls_.erase(found);
  const PayloadDirection direction = rest.out ? PayloadDirection::out : PayloadDirection::in;
  const auto same = std::find_if(payloads.begin(), payloads.end(), [&](const PayloadRef& payload) {
    return payload.arg == rest.arg && payload.part == rest.part && payload.direction == direction;
  });
  if (same == payloads.end()) {
    if (rest.begin != 0) return;
    PayloadRef payload;
    payload.arg = rest.arg;
    payload.part = rest.part;
    payload.direction = direction;
    payload.length = moved;
    whole_ = rest.bytes;
    payload.data = whole_;
    payloads.push_back(payload);
    return;
  }
  const std::span<const uint8_t> first = same->data;
  const uint64_t end = rest.begin + rest.bytes.size();
  if (rest.begin > first.size() || end <= first.size()) return;
  whole_.assign(first.begin(), first.end());
  whole_.insert(whole_.end(), rest.bytes.begin() + static_cast<std::ptrdiff_t>(first.size() - rest.begin),
                rest.bytes.end());
  same->data = whole_;
  same->length = std::max<uint64_t>(same->length, whole_.size());
}

void CallRest::nextBatch() {
  for (auto it = calls_.begin(); it != calls_.end();) {
    if (it->second.old) {
      size_bytes_ -= it->second.bytes.size();
      it = calls_.erase(it);
    } else {
      it->second.old = true;
      ++it;
    }
  }
}

}  // namespace tarry
