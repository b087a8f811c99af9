// decodeContent: takes the codings of HTTP's Content-Encoding off a body.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tarry {

enum class DecodeResult : uint8_t {
  whole,
  damaged,   // it does not decode, or ends too early; what there was before is there
  too_much,  // more than the limits: a small body must not become an endless one
  unknown,   // a coding that is not known; nothing was decoded
};

struct DecodedContent {
  DecodeResult result = DecodeResult::whole;
  std::string bytes;
};

struct DecodeLimits {
  size_t most_bytes = size_t{64} << 20U;
  size_t most_ratio = 1000;  // to what was transferred; the first 64 KiB are free
};

// `codings` as in the field: "gzip", "br, gzip"; empty: the bytes themselves. Known are gzip, deflate (with
// and without zlib's header), br, zstd, identity.
DecodedContent decodeContent(std::string_view codings, std::string_view bytes,
                             const DecodeLimits& limits = {});

}  // namespace tarry
