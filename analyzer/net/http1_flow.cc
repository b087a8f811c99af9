#include "analyzer/net/http1_flow.h"

#include <algorithm>

namespace tarry::analysis {
namespace {

// Servers refuse headers of more than 8 to 64 KiB.
constexpr size_t kMostHeader = 65'536;
constexpr size_t kRecognised = 64;
constexpr uint64_t kMostChunk = uint64_t{1} << 60U;

std::string_view textOf(std::span<const uint8_t> data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Beginning Http1Flow::beginning(std::string_view start, bool more) const {
  Beginning found = messageBeginning(start, more);
  if (found.verdict == Verdict::yes && expected_ && *expected_ != found.kind) found.verdict = Verdict::no;
  return found;
}

void Http1Flow::forgetText() {
  log_.budget().giveBack(text_.size());
  text_.clear();
  line_length_ = 0;
  recognised_ = false;
}

size_t Http1Flow::take(const Piece& piece) {
  at_ = 0;
  const bool waiting = state_ == State::following || state_ == State::lost ||
                       ((state_ == State::counted || state_ == State::until_end) && !certain_);
  if (waiting && !piece.data.empty() &&
      beginning(textOf(piece.data), piece.missing > 0 || piece.data.size() > kRecognised).verdict ==
          Verdict::yes) {
    if (state_ != State::following) giveUpSize();
    finish();
  }
  while (at_ < piece.data.size() && state_ != State::other_protocol) step(piece);
  if (state_ != State::other_protocol && piece.missing > 0) {
    skip(piece.missing);
    touch(piece.ts);
  }
  return at_;
}

void Http1Flow::step(const Piece& piece) {
  const size_t there = piece.data.size() - at_;
  const char c = static_cast<char>(piece.data[at_]);
  switch (state_) {
    case State::between:
      if (c == '\r' || c == '\n') {
        at_++;
        return;
      }
      state_ = State::header;
      first_.ts = piece.ts;
      first_.utid = piece.utid;
      first_.upid = piece.upid;
      return headerBytes(piece);
    case State::header: return headerBytes(piece);
    case State::counted:
    case State::chunk: {
      const auto length = static_cast<size_t>(std::min<uint64_t>(left_, there));
      bodyBytes(piece, length);
      left_ -= length;
      if (left_ > 0) return;
      if (state_ == State::counted) finish();
      else state_ = State::chunk_end;
      return;
    }
    case State::until_end:
    case State::following: bodyBytes(piece, there); return;
    case State::chunk_size:
    case State::chunk_rest:
    case State::chunk_end:
      at_++;
      touch(piece.ts);
      return chunkSizeByte(c);
    case State::trailers: {
      size_t used = 0;
      const bool done = collect(textOf(piece.data).substr(at_), used);
      at_ += used;
      touch(piece.ts);
      if (done) trailersDone();
      else if (text_.size() >= kMostHeader || used == 0) follow();
      return;
    }
    case State::lost: at_ = piece.data.size(); return;
    case State::other_protocol: return;
  }
}

bool Http1Flow::collect(std::string_view bytes, size_t& used) {
  const size_t room = kMostHeader - std::min(kMostHeader, text_.size());
  bytes = bytes.substr(0, room);
  used = 0;
  bool done = false;
  while (used < bytes.size() && !done) {
    const size_t end = bytes.find('\n', used);
    const std::string_view line = bytes.substr(used, end == bytes.npos ? bytes.npos : end - used);
    for (const char c : line)
      if (c != '\r') line_length_++;
    used += line.size();
    if (end == bytes.npos) break;
    used++;
    done = line_length_ == 0;
    line_length_ = 0;
  }
  // Without room the header is as long as it is.
  if (!log_.budget().take(used)) {
    used = 0;
    return false;
  }
  text_ += bytes.substr(0, used);
  return done;
}

void Http1Flow::headerBytes(const Piece& piece) {
  size_t used = 0;
  const bool done = collect(textOf(piece.data).substr(at_), used);
  at_ += used;
  if (!recognised_) {
    const Beginning begin = beginning(text_, true);
    if (begin.verdict == Verdict::no || used == 0) {
      forgetText();
      state_ = State::lost;
      return;
    }
    recognised_ = begin.verdict == Verdict::yes;
    first_.kind = begin.kind;
  }
  if (done) headerDone(true, piece.ts);
  else if (text_.size() >= kMostHeader || used == 0) headerDone(false, piece.ts);
}

void Http1Flow::headerDone(bool whole, int64_t ts) {
  if (!recognised_) {
    const Beginning begin = beginning(text_, false);
    if (begin.verdict != Verdict::yes) {
      forgetText();
      state_ = State::lost;
      return;
    }
    first_.kind = begin.kind;
  }
  const std::string_view text = text_;
  const size_t line_end = text.find('\n');
  MessageHeader header = first_;
  header.whole = whole;
  header.start_line_whole = line_end != text.npos;
  header.start_line = text.substr(0, line_end);
  if (header.start_line.ends_with('\r')) header.start_line.remove_suffix(1);
  if (header.start_line_whole) header.fields = text.substr(line_end + 1);
  if (whole) {
    // The empty line.
    header.fields.remove_suffix(1);
    if (header.fields.ends_with('\r')) header.fields.remove_suffix(1);
  }
  const BodyRule rule = owner_.header(flow_, header);
  forgetText();
  message_ = rule.message;
  certain_ = rule.certain;
  left_ = rule.length;
  if (message_ != nullptr) {
    message_->seen = true;
    message_->begin_ts = message_->last_ts = header.ts;
    message_->saidAt(ts);
    message_->truncated = !whole;
    message_->size_known = true;
  }
  if (!whole) return follow();
  switch (rule.kind) {
    case BodyKind::none: return finish();
    case BodyKind::counted:
      state_ = State::counted;
      if (left_ == 0) finish();
      return;
    case BodyKind::chunked:
      state_ = State::chunk_size;
      left_ = 0;
      digits_ = false;
      return;
    case BodyKind::until_end: state_ = State::until_end; return;
    case BodyKind::unknown:
      if (message_ != nullptr) message_->incomplete = true;
      return follow();
    case BodyKind::other_protocol: return leave();
  }
}

void Http1Flow::chunkSizeByte(char c) {
  if (state_ == State::chunk_end) {
    if (c == '\r') return;
    if (c != '\n') {
      if (message_ != nullptr) message_->incomplete = true;
      return follow();
    }
    state_ = State::chunk_size;
    left_ = 0;
    digits_ = false;
    return;
  }
  const int digit = state_ == State::chunk_size ? hexDigit(c) : -1;
  if (digit >= 0) {
    digits_ = true;
    left_ = left_ << 4U | static_cast<uint64_t>(digit);
  }
  if ((digit < 0 && !digits_) || left_ > kMostChunk) {
    if (message_ != nullptr) message_->incomplete = true;
    return follow();
  }
  if (digit >= 0) return;
  state_ = State::chunk_rest;  // an extension, which nobody uses
  if (c != '\n') return;
  state_ = left_ > 0 ? State::chunk : State::trailers;
}

void Http1Flow::trailersDone() {
  std::string_view text = text_;
  text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (message_ != nullptr && !log_.keep(message_->trailers, text)) message_->incomplete = true;
  forgetText();
  finish();
}

void Http1Flow::bodyBytes(const Piece& piece, size_t length) {
  if (message_ != nullptr) {
    message_->saidAt(piece.ts);
    if (state_ != State::following) {
      message_->countBody(length);
      log_.keep(*message_, piece, at_, length);
    }
  }
  at_ += length;
}

void Http1Flow::skip(uint64_t missing) {
  const auto body_misses = [&](uint64_t bytes) {
    if (message_ == nullptr) return;
    message_->incomplete = true;
    message_->countBody(bytes);
  };
  switch (state_) {
    case State::between: state_ = State::lost; return;
    case State::header: return headerDone(false, first_.ts);
    case State::counted:
      body_misses(std::min(missing, left_));
      if (missing > left_) {
        finish();
        state_ = State::lost;
        return;
      }
      left_ -= missing;
      if (left_ == 0) finish();
      return;
    case State::chunk:
      body_misses(std::min(missing, left_));
      if (missing > left_) return follow();
      left_ -= missing;
      if (left_ == 0) state_ = State::chunk_end;
      return;
    case State::chunk_size:
    case State::chunk_rest:
    case State::chunk_end:
    case State::trailers:
      if (message_ != nullptr) message_->incomplete = true;
      return follow();
    case State::until_end: body_misses(missing); return;
    case State::following:
    case State::lost:
    case State::other_protocol: return;
  }
}

void Http1Flow::lost() {
  if (state_ == State::counted || state_ == State::until_end) {
    // Not as many bytes as were announced may follow, or those of another message.
    certain_ = false;
    giveUpSize();
    return;
  }
  if (state_ == State::following) return;
  skip(1);
}

void Http1Flow::follow() {
  forgetText();
  certain_ = true;
  state_ = State::following;
  if (message_ != nullptr) message_->size_known = false;
}

void Http1Flow::giveUpSize() {
  if (message_ == nullptr) return;
  message_->incomplete = true;
  message_->size_known = false;
}

// Where a body ends with its connection, the trace's end counts as that.
void Http1Flow::end() {
  switch (state_) {
    case State::header: headerDone(false, first_.ts); break;
    case State::counted:
    case State::chunk_size:
    case State::chunk_rest:
    case State::chunk:
    case State::chunk_end:
    case State::trailers:
      giveUpSize();
      message_ = nullptr;
      break;
    default: break;
  }
  if (state_ == State::other_protocol) return;
  finish();
  state_ = State::lost;
}

void Http1Flow::finish() {
  if (message_ != nullptr) message_->ended = true;
  message_ = nullptr;
  certain_ = true;
  state_ = State::between;
}

}  // namespace tarry::analysis
