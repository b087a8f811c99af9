#include "replay/http_message.h"

#include <catch2/catch.hpp>
#include <string>

using namespace tarry::replay;

namespace {

std::span<const uint8_t> bytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Bytes of the request at the front; -1: not all of it is there.
long whole(const std::string& text) {
  const auto extent = requestExtent(bytesOf(text));
  return extent && extent->whole != 0 ? static_cast<long>(extent->whole) : -1;
}

}  // namespace

TEST_CASE("A request ends with its body", "[replay]") {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string post = "POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc";
  const std::string chunked =
      "PUT / HTTP/1.1\nTransfer-Encoding: chunked\n\n3;x=y\r\nabc\r\n0\r\nTrailer: t\r\n\r\n";
  for (const std::string& request : {get, post, chunked}) {
    CHECK(whole(request) == static_cast<long>(request.size()));
    CHECK(whole(request + "GET") == static_cast<long>(request.size()));
    for (size_t cut = 0; cut < request.size(); cut++) CHECK(whole(request.substr(0, cut)) == -1);
  }
  CHECK(requestExtent(bytesOf("PUT / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 9\r\n\r\n"))
            ->expects_continue);
}

TEST_CASE("Nonsense in lengths ends a request or never does, and reads nothing beyond", "[replay]") {
  CHECK(whole("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nabc") >= -1);
  CHECK(whole("POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\nabc") == -1);
  CHECK(whole("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n") >= -1);
  CHECK(whole("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nabc") == -1);
}

TEST_CASE("HTTP is told from other protocols by its request line", "[replay]") {
  CHECK(looksLikeRequest(bytesOf("GET / HTTP/1.1\r\n")));
  CHECK(looksLikeRequest(bytesOf("PROPFIND /a b HTTP/1.0\n")));
  CHECK_FALSE(looksLikeRequest(bytesOf("EHLO me\r\n")));
  CHECK_FALSE(looksLikeRequest(bytesOf("")));
  CHECK_FALSE(looksLikeRequest(bytesOf(" GET / HTTP/1.1")));
  CHECK_FALSE(looksLikeRequest(bytesOf("\x16\x03\x01")));
}

TEST_CASE("The more headers are the same, the better a recorded request fits", "[replay]") {
  const std::string asked = "GET /x HTTP/1.1\r\nHost: a\r\nAccept-Language: en\r\n\r\n";
  const std::string same_language =
      "GET /x HTTP/1.1\r\nHost: a\r\nAccept-Language: en\r\nUser-Agent: u\r\n\r\n";
  const std::string other_language = "GET /x HTTP/1.1\r\nHost: a\r\nAccept-Language: fr\r\n\r\n";
  const std::string other_host = "GET /x HTTP/1.1\r\nHost: b\r\nAccept-Language: en\r\n\r\n";
  const auto fits = [&](const std::string& recorded) { return likeness(bytesOf(recorded), bytesOf(asked)); };
  CHECK(fits(asked) >= fits(same_language));
  CHECK(fits(same_language) > fits(other_language));
  CHECK(fits(other_language) > fits(other_host));
  CHECK(fits(other_host) > 0);
  CHECK(fits("GET /y HTTP/1.1\r\nHost: a\r\n\r\n") == 0);
  CHECK(fits("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n") == 0);
  CHECK(fits("") == 0);
}
