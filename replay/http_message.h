// HTTP/1 requests as far as replaying needs them: where one ends, and how alike two are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tarry::replay {

// Does a client that says this speak HTTP/1?
bool looksLikeRequest(std::span<const uint8_t> bytes);

struct RequestExtent {
  size_t head = 0;   // bytes of the request line and the headers, with the empty line
  size_t whole = 0;  // with the body; 0: not all of it is there yet
  bool expects_continue = false;
};

// The request at the beginning; nullopt: its headers are not complete. RFC 9112. Bodies of unknown length end
// where they are cut.
std::optional<RequestExtent> requestExtent(std::span<const uint8_t> bytes);

// How well `asked` fits the recorded request: 0 where the method or the target is another one; else the more,
// the more of their headers and bodies are the same.
int likeness(std::span<const uint8_t> recorded, std::span<const uint8_t> asked);

// "GET /path", for messages.
std::string_view requestLine(std::span<const uint8_t> bytes);

}  // namespace tarry::replay
