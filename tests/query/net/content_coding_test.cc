#include "query/net/content_coding.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <catch2/catch.hpp>
#include <random>

using namespace tarry;

namespace {

std::string zlibbed(const std::string& text, int window) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string gzipped(const std::string& text) {
  return zlibbed(text, MAX_WBITS + 16);
}

std::string brotlied(const std::string& text) {
  std::string out(BrotliEncoderMaxCompressedSize(text.size()) + 16, '\0');
  size_t size = out.size();
  REQUIRE(BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, text.size(),
                                reinterpret_cast<const uint8_t*>(text.data()), &size,
                                reinterpret_cast<uint8_t*>(out.data())) == BROTLI_TRUE);
  out.resize(size);
  return out;
}

std::string zstded(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3);
  REQUIRE(ZSTD_isError(size) == 0);
  out.resize(size);
  return out;
}

std::string someText(size_t size) {
  std::mt19937 random(1);
  std::string text;
  while (text.size() < size) text += "word" + std::to_string(random() % 1000) + ' ';
  text.resize(size);
  return text;
}

}  // namespace

TEST_CASE("Bodies in all codings are decoded, whatever their size", "[http]") {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{1000}, size_t{65'536}, size_t{1'000'000}}) {
    const std::string text = someText(size);
    const auto check = [&](std::string_view coding, const std::string& bytes) {
      INFO(coding << " of " << size);
      const DecodedContent content = decodeContent(coding, bytes);
      CHECK(content.result == DecodeResult::whole);
      CHECK(content.bytes == text);
    };
    check("", text);
    check("identity", text);
    check("gzip", gzipped(text));
    check("X-GZIP", gzipped(text));
    check("deflate", zlibbed(text, MAX_WBITS));
    check("deflate", zlibbed(text, -MAX_WBITS));
    check("br", brotlied(text));
    check("zstd", zstded(text));
    check(" br, gzip ", gzipped(brotlied(text)));
  }
  const std::string twice = gzipped("one ") + gzipped("two");
  CHECK(decodeContent("gzip", twice).bytes == "one two");
}

TEST_CASE("What does not decode is told, with what there was before", "[http]") {
  const std::string text = someText(100'000);
  for (const auto& [coding, bytes] : {std::pair<const char*, std::string>("gzip", gzipped(text)),
                                      {"deflate", zlibbed(text, 15)},
                                      {"br", brotlied(text)},
                                      {"zstd", zstded(text)}}) {
    INFO(coding);
    const DecodedContent cut = decodeContent(coding, std::string_view(bytes).substr(0, bytes.size() - 10));
    CHECK(cut.result == DecodeResult::damaged);
    CHECK(text.starts_with(cut.bytes));
    CHECK(decodeContent(coding, "this is nothing of the kind, and long enough to show it").result ==
          DecodeResult::damaged);
  }
  CHECK(decodeContent("sdch", "x").result == DecodeResult::unknown);
  CHECK(decodeContent("gzip, gzip, gzip, gzip, gzip", "x").result == DecodeResult::unknown);
}

TEST_CASE("A small body does not become an endless one", "[http]") {
  const std::string zeros(20'000'000, '\0');
  DecodeLimits limits;
  limits.most_bytes = 1'000'000;
  for (const auto& [coding, bytes] : {std::pair<const char*, std::string>("gzip", gzipped(zeros)),
                                      {"br", brotlied(zeros)},
                                      {"zstd", zstded(zeros)}}) {
    INFO(coding);
    const DecodedContent content = decodeContent(coding, bytes, limits);
    CHECK(content.result == DecodeResult::too_much);
    CHECK(content.bytes.size() <= limits.most_bytes);
  }
  limits = {};
  limits.most_ratio = 10;
  CHECK(decodeContent("gzip", gzipped(zeros), limits).result == DecodeResult::too_much);
  // A bomb within a bomb: the outer one alone is within the limits.
  CHECK(decodeContent("gzip, gzip", gzipped(gzipped(std::string(200'000'000, '\0')))).result ==
        DecodeResult::too_much);
}
