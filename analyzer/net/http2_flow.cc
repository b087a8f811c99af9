#include "analyzer/net/http2_flow.h"

#include <algorithm>

namespace tarry::analysis {
namespace {

constexpr uint8_t kEndStream = 0x1, kEndHeaders = 0x4, kPadded = 0x8, kPriority = 0x20;
constexpr uint8_t kAck = 0x1;
constexpr uint32_t kUsualFrame = 16'384;
constexpr uint32_t kMostControl = 16'384;
constexpr size_t kMostBlock = 65'536;
constexpr uint32_t kStreamMask = 0x7fff'ffff;

uint32_t bigEndian(std::span<const uint8_t> bytes) {
  uint32_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8U | byte;
  return value;
}

bool isHeaders(FrameType type) {
  return type == FrameType::headers || type == FrameType::push_promise || type == FrameType::continuation;
}

}  // namespace

FrameHeader parseFrameHeader(std::span<const uint8_t, FrameHeader::kSize> bytes) {
  FrameHeader header;
  header.length = bigEndian(bytes.first<3>());
  header.type = static_cast<FrameType>(bytes[3]);
  header.flags = bytes[4];
  header.stream = bigEndian(bytes.subspan<5, 4>()) & kStreamMask;
  return header;
}

bool plausibleFrame(const FrameHeader& header) {
  if (header.length > kUsualFrame) return false;
  const bool of_stream = header.stream != 0;
  switch (header.type) {
    case FrameType::data: return of_stream && (header.flags & ~(kEndStream | kPadded)) == 0;
    case FrameType::headers:
      return of_stream && header.length > 0 &&
             (header.flags & ~(kEndStream | kEndHeaders | kPadded | kPriority)) == 0;
    case FrameType::priority: return of_stream && header.length == 5 && header.flags == 0;
    case FrameType::reset: return of_stream && header.length == 4 && header.flags == 0;
    case FrameType::settings:
      return !of_stream && header.length % 6 == 0 &&
             (header.flags == 0 || (header.flags == kAck && header.length == 0));
    case FrameType::push_promise: return of_stream && header.length >= 4;
    case FrameType::ping: return !of_stream && header.length == 8 && (header.flags & ~kAck) == 0;
    case FrameType::go_away: return !of_stream && header.length >= 8 && header.flags == 0;
    case FrameType::window_update: return header.length == 4 && header.flags == 0;
    case FrameType::continuation: return of_stream && header.length > 0 && (header.flags & ~kEndHeaders) == 0;
  }
  return false;
}

void Http2Flow::take(const Piece& piece, size_t from) {
  at_ = from;
  if (state_ == State::lost && piece.data.size() >= from + FrameHeader::kSize) {
    std::copy_n(piece.data.begin() + static_cast<std::ptrdiff_t>(from), head_.size(), head_.begin());
    if (plausibleFrame(parseFrameHeader(head_))) {
      state_ = State::frame;
      head_size_ = 0;
    }
  }
  while (at_ < piece.data.size()) step(piece);
  if (piece.missing > 0) skip(piece);
}

void Http2Flow::step(const Piece& piece) {
  const std::span<const uint8_t> rest = piece.data.subspan(at_);
  const auto count = static_cast<uint32_t>(std::min<size_t>(left_, rest.size()));
  switch (state_) {
    case State::start:
      // A frame of this first byte would be larger than any is at the beginning.
      if (rest.front() != static_cast<uint8_t>(kHttp2Preface.front())) {
        state_ = State::frame;
        return;
      }
      owner_.preface(flow_);
      left_ = static_cast<uint32_t>(kHttp2Preface.size());
      frame_ = {};
      frame_.type = FrameType::ping;
      state_ = State::ignored;
      return;
    case State::frame:
      if (head_size_ == 0) {
        frame_ts_ = piece.ts;
        frame_utid_ = piece.utid;
        frame_upid_ = piece.upid;
      }
      head_[head_size_++] = rest.front();
      at_++;
      if (head_size_ < head_.size()) return;
      head_size_ = 0;
      frame_ = parseFrameHeader(head_);
      return begin(piece);
    case State::pad_length:
      padding_ = rest.front();
      at_++;
      left_--;
      if (padding_ > left_) return loseFrames();
      left_ -= padding_;
      state_ = left_ > 0 ? State::data : State::padding;
      if (left_ == 0) left_ = padding_;
      if (left_ == 0) frameDone(piece.ts);
      return;
    case State::data:
      owner_.data(flow_, frame_.stream, piece, at_, count);
      at_ += count;
      left_ -= count;
      if (left_ > 0) return;
      left_ = padding_;
      state_ = State::padding;
      if (left_ == 0) frameDone(piece.ts);
      return;
    case State::collect:
      if (!keep(rest.first(count))) {
        state_ = State::ignored;
        return;
      }
      at_ += count;
      left_ -= count;
      if (left_ == 0) frameDone(piece.ts);
      return;
    case State::padding:
    case State::ignored:
      at_ += count;
      left_ -= count;
      if (left_ == 0) frameDone(piece.ts);
      return;
    case State::lost: at_ = piece.data.size(); return;
  }
}

void Http2Flow::begin(const Piece& piece) {
  left_ = frame_.length;
  padding_ = 0;
  const bool wanted = isHeaders(frame_.type) || frame_.type == FrameType::settings ||
                      frame_.type == FrameType::reset || frame_.type == FrameType::go_away;
  if (frame_.type == FrameType::data) {
    const bool padded = (frame_.flags & kPadded) != 0;
    if (padded && left_ == 0) return loseFrames();
    state_ = padded ? State::pad_length : State::data;
  } else if (isHeaders(frame_.type) && frame_.type != FrameType::continuation) {
    forgetBlock();
    open_ = {};
    open_.stream = frame_.stream;
    open_.end_stream = frame_.type == FrameType::headers && (frame_.flags & kEndStream) != 0;
    open_.ts = frame_ts_;
    open_.utid = frame_utid_;
    open_.upid = frame_upid_;
    open_whole_ = true;
    state_ = State::collect;
  } else {
    state_ = wanted && left_ <= kMostControl ? State::collect : State::ignored;
  }
  if (left_ == 0) frameDone(piece.ts);
}

void Http2Flow::frameDone(int64_t ts) {
  if (frame_.type == FrameType::data)
    owner_.dataEnd(flow_, frame_.stream, (frame_.flags & kEndStream) != 0, ts);
  else if (isHeaders(frame_.type) || state_ == State::collect) collected();
  log_.budget().giveBack(payload_.size());
  payload_.clear();
  state_ = State::frame;
}

void Http2Flow::collected() {
  const std::span<const uint8_t> payload = payload_;
  if (!isHeaders(frame_.type)) return owner_.control(flow_, frame_, payload);
  if (open_.stream == 0 || open_.stream != frame_.stream) return loseFrames();
  if (payload.size() != frame_.length) open_whole_ = false;
  block(payload);
  if ((frame_.flags & kEndHeaders) == 0) return;
  open_.whole = open_whole_;
  open_.bytes = block_;
  owner_.headers(flow_, open_);
  forgetBlock();
  open_ = {};
}

// The part of the frame that belongs to the block.
void Http2Flow::block(std::span<const uint8_t> payload) {
  if (!open_whole_) return;
  size_t front = 0;
  size_t back = 0;
  if (frame_.type != FrameType::continuation) {
    if ((frame_.flags & kPadded) != 0) {
      if (payload.empty()) {
        open_whole_ = false;
        return;
      }
      back = payload[0];
      front = 1;
    }
    if (frame_.type == FrameType::headers && (frame_.flags & kPriority) != 0) front += 5;
    if (frame_.type == FrameType::push_promise) {
      if (payload.size() >= front + 4) open_.promised = bigEndian(payload.subspan(front, 4)) & kStreamMask;
      front += 4;
    }
  }
  if (front + back > payload.size()) {
    open_whole_ = false;
    return;
  }
  const std::span<const uint8_t> part = payload.subspan(front, payload.size() - front - back);
  if (block_.size() + part.size() > kMostBlock || !log_.budget().take(part.size())) {
    open_whole_ = false;
    return;
  }
  block_.insert(block_.end(), part.begin(), part.end());
}

void Http2Flow::skip(const Piece& piece) {
  uint64_t missing = piece.missing;
  if (state_ == State::pad_length) {
    owner_.dataMissing(flow_, frame_.stream, 0);
    state_ = State::ignored;
  }
  if (state_ == State::data) {
    const auto count = static_cast<uint32_t>(std::min<uint64_t>(missing, left_));
    owner_.dataMissing(flow_, frame_.stream, count);
    missing -= count;
    left_ -= count;
    if (left_ == 0) {
      left_ = padding_;
      state_ = State::padding;
      if (left_ == 0) frameDone(piece.ts);
    }
    if (missing == 0) return;
  }
  if (state_ == State::collect) {
    if (isHeaders(frame_.type)) open_whole_ = false;
    else if (frame_.type == FrameType::settings) owner_.framesLost(flow_);
    state_ = State::ignored;
  }
  if ((state_ == State::ignored || state_ == State::padding) && missing <= left_) {
    left_ -= static_cast<uint32_t>(missing);
    if (left_ == 0) frameDone(piece.ts);
    return;
  }
  loseFrames();
}

void Http2Flow::loseFrames() {
  if (state_ == State::lost) return;
  if (open_.stream != 0) {
    open_.whole = false;
    open_.bytes = {};
    owner_.headers(flow_, open_);
  }
  forget();
  open_ = {};
  head_size_ = 0;
  state_ = State::lost;
  owner_.framesLost(flow_);
}

void Http2Flow::lost() {
  loseFrames();
}

bool Http2Flow::keep(std::span<const uint8_t> bytes) {
  if (payload_.size() + bytes.size() > kMostBlock || !log_.budget().take(bytes.size())) {
    if (isHeaders(frame_.type)) open_whole_ = false;
    else owner_.framesLost(flow_);
    return false;
  }
  payload_.insert(payload_.end(), bytes.begin(), bytes.end());
  return true;
}

void Http2Flow::forgetBlock() {
  log_.budget().giveBack(block_.size());
  block_.clear();
}

void Http2Flow::forget() {
  log_.budget().giveBack(payload_.size());
  payload_.clear();
  forgetBlock();
}

}  // namespace tarry::analysis
