// Http2Flow: one direction of an HTTP/2 connection, cut into frames (RFC 9113). Data is only told where it
// stands; blocks of headers are put together from their frames, bounded. Where bytes are missing it goes on
// as far as the frame at hand carries it, and otherwise waits for a piece that begins like a frame.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "analyzer/net/http_log.h"
#include "analyzer/net/stream.h"

namespace tarry::analysis {

inline constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum class FrameType : uint8_t {
  data = 0,
  headers = 1,
  priority = 2,
  reset = 3,
  settings = 4,
  push_promise = 5,
  ping = 6,
  go_away = 7,
  window_update = 8,
  continuation = 9,
};

struct FrameHeader {
  static constexpr size_t kSize = 9;
  uint32_t length = 0;
  FrameType type = FrameType::data;
  uint8_t flags = 0;
  uint32_t stream = 0;
};
FrameHeader parseFrameHeader(std::span<const uint8_t, FrameHeader::kSize> bytes);
// Whether a frame may begin so, of those that stay within the sizes everyone takes.
bool plausibleFrame(const FrameHeader& header);

struct HeaderBlock {
  uint32_t stream = 0;
  uint32_t promised = 0;  // the stream that it is about, of a PUSH_PROMISE
  bool end_stream = false;
  bool whole = false;
  std::span<const uint8_t> bytes;
  // Of the piece with the first byte.
  int64_t ts = 0;
  Utid utid = 0;
  Upid upid = 0;
};

class Http2Flow {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void preface(Flow flow) = 0;
    virtual void headers(Flow flow, const HeaderBlock& block) = 0;
    // Bytes of the current piece, from `offset` on.
    virtual void data(Flow flow, uint32_t stream, const Piece& piece, size_t offset, size_t length) = 0;
    // 0: how many is not known.
    virtual void dataMissing(Flow flow, uint32_t stream, uint64_t bytes) = 0;
    virtual void dataEnd(Flow flow, uint32_t stream, bool end_stream, int64_t ts) = 0;
    // SETTINGS, RST_STREAM, GOAWAY.
    virtual void control(Flow flow, const FrameHeader& header, std::span<const uint8_t> payload) = 0;
    // Any number of frames is missing.
    virtual void framesLost(Flow flow) = 0;
  };

  Http2Flow(Flow flow, Owner& owner, HttpLog& log) : flow_(flow), owner_(owner), log_(log) {}
  ~Http2Flow() { forget(); }
  Http2Flow(const Http2Flow&) = delete;
  Http2Flow& operator=(const Http2Flow&) = delete;

  // From this byte of the piece on.
  void take(const Piece& piece, size_t from);
  void lost();

 private:
  enum class State : uint8_t { start, frame, pad_length, data, padding, collect, ignored, lost };

  void step(const Piece& piece);
  void begin(const Piece& piece);
  void frameDone(int64_t ts);
  void collected();
  void block(std::span<const uint8_t> payload);
  void skip(const Piece& piece);
  void loseFrames();
  bool keep(std::span<const uint8_t> bytes);
  void forget();
  void forgetBlock();

  const Flow flow_;
  Owner& owner_;
  HttpLog& log_;
  State state_ = State::start;
  std::array<uint8_t, FrameHeader::kSize> head_{};
  size_t head_size_ = 0;
  FrameHeader frame_;
  uint32_t left_ = 0;  // bytes of the frame
  uint32_t padding_ = 0;
  std::vector<uint8_t> payload_;  // of a frame that is collected
  std::vector<uint8_t> block_;    // of header frames before this one
  HeaderBlock open_;              // its beginning; stream 0: none is open
  bool open_whole_ = false;
  int64_t frame_ts_ = 0;
  Utid frame_utid_ = 0;
  Upid frame_upid_ = 0;
  size_t at_ = 0;  // in the piece
};

}  // namespace tarry::analysis
