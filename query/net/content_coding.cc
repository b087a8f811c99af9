#include "query/net/content_coding.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "analyzer/net/http_text.h"

namespace tarry {
namespace {

constexpr size_t kStep = 65'536;
constexpr size_t kMostCodings = 4;

// What is decoded, up to the limit.
class Output {
 public:
  Output(size_t most, std::string& bytes) : most_(most), bytes_(bytes) {}
  // False: no more of it.
  bool add(const uint8_t* data, size_t size) {
    if (size > most_ - std::min(most_, bytes_.size())) return false;
    bytes_.append(reinterpret_cast<const char*>(data), size);
    return true;
  }

 private:
  size_t most_;
  std::string& bytes_;
};

const uint8_t* bytesOf(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

constexpr int kRaw = -MAX_WBITS, kZlib = MAX_WBITS, kGzip = MAX_WBITS + 16;

DecodeResult inflateAll(std::string_view in, int window, Output& out) {
  z_stream stream{};
  if (inflateInit2(&stream, window) != Z_OK) return DecodeResult::damaged;
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  std::array<uint8_t, kStep> buffer{};
  size_t at = 0;
  while (true) {
    if (stream.avail_in == 0) {
      const size_t count = std::min<size_t>(in.size() - at, 1U << 30U);
      stream.next_in = const_cast<Bytef*>(bytesOf(in.substr(at)));
      stream.avail_in = static_cast<uInt>(count);
      at += count;
    }
    stream.next_out = buffer.data();
    stream.avail_out = static_cast<uInt>(buffer.size());
    const int result = inflate(&stream, Z_NO_FLUSH);
    if (!out.add(buffer.data(), buffer.size() - stream.avail_out)) return DecodeResult::too_much;
    if (result == Z_STREAM_END) {
      // gzip may have several members; other bytes behind it are ignored, as gzip(1) does.
      const bool more =
          window == kGzip && stream.avail_in >= 2 && stream.next_in[0] == 0x1f && stream.next_in[1] == 0x8b;
      if (!more) return DecodeResult::whole;
      if (inflateReset(&stream) != Z_OK) return DecodeResult::damaged;
      continue;
    }
    if (result != Z_OK || (stream.avail_in == 0 && at == in.size() && stream.avail_out > 0))
      return DecodeResult::damaged;
  }
}

// RFC 9110 means zlib's format, some servers send the bare one.
DecodeResult deflate(std::string_view in, Output& out, std::string& bytes) {
  const DecodeResult result = inflateAll(in, kZlib, out);
  if (result != DecodeResult::damaged || !bytes.empty()) return result;
  return inflateAll(in, kRaw, out);
}

DecodeResult brotli(std::string_view in, Output& out) {
  const std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  if (state == nullptr) return DecodeResult::damaged;
  std::array<uint8_t, kStep> buffer{};
  const uint8_t* next_in = bytesOf(in);
  size_t left_in = in.size();
  while (true) {
    uint8_t* next_out = buffer.data();
    size_t left_out = buffer.size();
    const BrotliDecoderResult result =
        BrotliDecoderDecompressStream(state.get(), &left_in, &next_in, &left_out, &next_out, nullptr);
    if (!out.add(buffer.data(), buffer.size() - left_out)) return DecodeResult::too_much;
    if (result == BROTLI_DECODER_RESULT_SUCCESS) return DecodeResult::whole;
    if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return DecodeResult::damaged;
  }
}

DecodeResult zstd(std::string_view in, Output& out) {
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (context == nullptr) return DecodeResult::damaged;
  constexpr int kWindowLog = 23;  // RFC 8878, 3.1.1.1.2: 8 MB is what everyone must take
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kWindowLog);
  std::array<uint8_t, kStep> buffer{};
  ZSTD_inBuffer input{in.data(), in.size(), 0};
  while (true) {
    ZSTD_outBuffer output{buffer.data(), buffer.size(), 0};
    const size_t result = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(result) != 0) return DecodeResult::damaged;
    if (!out.add(buffer.data(), output.pos)) return DecodeResult::too_much;
    if (result == 0 && input.pos == input.size) return DecodeResult::whole;
    if (input.pos == input.size && output.pos < output.size) return DecodeResult::damaged;
  }
}

std::vector<std::string_view> listOf(std::string_view codings) {
  std::vector<std::string_view> list;
  while (!codings.empty()) {
    const size_t comma = std::min(codings.find(','), codings.size());
    std::string_view name = codings.substr(0, comma);
    while (!name.empty() && (name.front() == ' ' || name.front() == '\t')) name.remove_prefix(1);
    while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
    if (!name.empty()) list.push_back(name);
    codings.remove_prefix(std::min(comma + 1, codings.size()));
  }
  return list;
}

bool isKnown(std::string_view coding) {
  constexpr std::array<std::string_view, 7> kKnown = {"gzip", "x-gzip",   "deflate", "br",
                                                      "zstd", "identity", "none"};
  return std::any_of(kKnown.begin(), kKnown.end(),
                     [&](std::string_view known) { return analysis::sameText(known, coding); });
}

DecodeResult decodeOne(std::string_view coding, std::string_view in, size_t most, std::string& bytes) {
  Output out(most, bytes);
  using analysis::sameText;
  if (sameText(coding, "gzip") || sameText(coding, "x-gzip")) return inflateAll(in, kGzip, out);
  if (sameText(coding, "deflate")) return deflate(in, out, bytes);
  if (sameText(coding, "br")) return brotli(in, out);
  if (sameText(coding, "zstd")) return zstd(in, out);
  return out.add(bytesOf(in), in.size()) ? DecodeResult::whole : DecodeResult::too_much;
}

}  // namespace

DecodedContent decodeContent(std::string_view codings, std::string_view bytes, const DecodeLimits& limits) {
  const std::vector<std::string_view> list = listOf(codings);
  DecodedContent content;
  if (list.size() > kMostCodings || !std::all_of(list.begin(), list.end(), isKnown)) {
    content.result = DecodeResult::unknown;
    return content;
  }
  const size_t free = std::max(bytes.size(), kStep);
  const size_t most =
      std::min(limits.most_bytes, free > limits.most_bytes / std::max<size_t>(limits.most_ratio, 1)
                                      ? limits.most_bytes
                                      : free * limits.most_ratio);
  content.bytes = bytes.substr(0, most);
  if (list.empty() && bytes.size() > most) content.result = DecodeResult::too_much;
  // The last one was put on last. An empty body has no coding on it.
  for (auto coding = list.rbegin(); coding != list.rend() && !bytes.empty(); ++coding) {
    const std::string in = std::move(content.bytes);
    content.bytes.clear();
    content.result =
        decodeOne(*coding, coding == list.rbegin() ? bytes : std::string_view(in), most, content.bytes);
    if (content.result != DecodeResult::whole) break;
  }
  return content;
}

}  // namespace tarry
