// Http1Flow: one direction of an HTTP/1.x connection, cut into messages. Headers are collected, bodies are
// only told where they stand. Where bytes are missing it goes on as far as lengths carry it, and otherwise
// waits for a piece that begins like a message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "analyzer/net/http_log.h"
#include "analyzer/net/http_text.h"
#include "analyzer/net/stream.h"

namespace tarry::analysis {

// How the end of a message's body is found.
enum class BodyKind : uint8_t {
  none,
  counted,         // so many bytes
  chunked,         //
  until_end,       // of the connection
  unknown,         // not to be told from what there is
  other_protocol,  // the connection speaks something else from here on
};

struct BodyRule {
  BodyKind kind = BodyKind::none;
  uint64_t length = 0;
  HttpMessage* message = nullptr;  // gets the body; nullptr: nobody wants it
  bool certain = true;             // false: perhaps there is none, as it answers a request that was not seen
};

struct MessageHeader {
  MessageKind kind = MessageKind::request;
  std::string_view start_line;  // without its end
  bool start_line_whole = false;
  std::string_view fields;  // lines, without the empty one
  bool whole = false;
  // Of the piece with the first byte.
  int64_t ts = 0;
  Utid utid = 0;
  Upid upid = 0;
};

class Http1Flow {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual BodyRule header(Flow flow, const MessageHeader& header) = 0;
  };

  Http1Flow(Flow flow, Owner& owner, HttpLog& log) : flow_(flow), owner_(owner), log_(log) {}
  ~Http1Flow() { forgetText(); }
  Http1Flow(const Http1Flow&) = delete;
  Http1Flow& operator=(const Http1Flow&) = delete;

  // Number of the piece's bytes that are HTTP: all, unless the protocol changes within.
  size_t take(const Piece& piece);
  // Any number of bytes may be missing here.
  void lost();
  void end();
  // It takes no other message from here on.
  void expect(MessageKind kind) { expected_ = kind; }
  void leave() {
    finish();
    state_ = State::other_protocol;
  }

 private:
  enum class State : uint8_t {
    between,
    header,
    counted,
    chunk_size,
    chunk_rest,  // of the line with the size
    chunk,
    chunk_end,
    trailers,
    until_end,
    following,  // a message whose end is not known
    lost,       // between messages
    other_protocol,
  };

  void step(const Piece& piece);
  void headerBytes(const Piece& piece);
  // Adds up to the end of the empty line; whether it was there.
  bool collect(std::string_view bytes, size_t& used);
  void headerDone(bool whole, int64_t ts);
  void chunkSizeByte(char c);
  void trailersDone();
  void bodyBytes(const Piece& piece, size_t length);
  void skip(uint64_t missing);
  void touch(int64_t ts) {
    if (message_ != nullptr) message_->last_ts = ts;
  }
  // The message's end cannot be found by lengths any more.
  void follow();
  void finish();
  void giveUpSize();
  Beginning beginning(std::string_view start, bool more) const;
  void forgetText();

  const Flow flow_;
  Owner& owner_;
  HttpLog& log_;
  State state_ = State::between;
  std::optional<MessageKind> expected_;
  std::string text_;  // a header or trailers on their way
  size_t line_length_ = 0;
  bool recognised_ = false;
  MessageHeader first_;  // of text_: kind and the first byte
  HttpMessage* message_ = nullptr;
  uint64_t left_ = 0;  // bytes of the body or chunk
  bool digits_ = false;
  bool certain_ = true;
  size_t at_ = 0;  // in the piece
};

}  // namespace tarry::analysis
