// The text of HTTP messages: header fields out of a block of lines, and what the beginning of one looks like.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/net/protocol_router.h"

namespace tarry::analysis {

// One field, as it was written, without blanks around it.
struct HeaderField {
  std::string_view name, value;
};

// The fields of a block, in their order, as views into it. Lines end with CRLF or LF; one that begins with a
// blank belongs to the value before it; one without a colon is a name alone.
std::vector<HeaderField> headerFields(std::string_view block);

bool sameText(std::string_view a, std::string_view b);  // letters of either case

// Of the first field of this name.
std::optional<std::string_view> findHeader(const std::vector<HeaderField>& fields, std::string_view name);
// Whether a field of this name has this element in its list ("keep-alive, Upgrade").
bool headerHas(const std::vector<HeaderField>& fields, std::string_view name, std::string_view element);

enum class MessageKind : uint8_t { request, response };

// Whether HTTP/1.x begins here, in as many bytes as there are; `more`: others follow.
struct Beginning {
  Verdict verdict = Verdict::no;
  MessageKind kind = MessageKind::request;
};
Beginning messageBeginning(std::string_view start, bool more);

}  // namespace tarry::analysis
