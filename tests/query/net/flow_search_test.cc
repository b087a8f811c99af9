// FlowSearch: matches in pieces and over their ends.
#include "query/net/flow_search.h"

#include <catch2/catch.hpp>

#include "format/errors.h"

using namespace tarry;

namespace {

FlowText search(FlowSearch& search, std::string_view piece, FlowSearch::Place place = {}) {
  return search.search(place, std::span(reinterpret_cast<const uint8_t*>(piece.data()), piece.size()));
}

std::string found(const FlowText& text) {
  std::string all;
  for (const FlowMatch& match : text.matches)
    all += "[" + text.bytes.substr(match.begin, match.end - match.begin) + "]";
  return all;
}

}  // namespace

TEST_CASE("FlowSearch finds a match wherever a flow is cut into pieces") {
  constexpr std::string_view kSaid = "GET /needle HTTP/1.1\r\nHost: x\r\n";
  for (size_t first = 0; first <= kSaid.size(); first++) {
    for (size_t second = first; second <= kSaid.size(); second++) {
      FlowSearch needle("ne+dle", false);
      std::string all;
      for (const auto& piece :
           {kSaid.substr(0, first), kSaid.substr(first, second - first), kSaid.substr(second)})
        all += found(search(needle, piece, {.flow = 1}));
      CHECK(all == "[needle]");
    }
  }
}

TEST_CASE("FlowSearch shows a match that began in earlier pieces from its beginning on") {
  FlowSearch needle("needle", false);
  CHECK(found(search(needle, "nee", {.flow = 7})).empty());
  const FlowText text = search(needle, "dle and needle", {.flow = 7});
  CHECK(text.bytes == "needle and needle");
  CHECK(text.earlier == 3);
  CHECK(found(text) == "[needle][needle]");
}

TEST_CASE("FlowSearch joins neither messages, nor flows, nor what a gap lies between") {
  FlowSearch needle("needle", false);
  search(needle, "nee");
  CHECK(found(search(needle, "dle")).empty());
  search(needle, "nee", {.flow = 1});
  CHECK(found(search(needle, "dle", {.flow = 2})).empty());
  CHECK(found(search(needle, "dle", {.flow = 1, .after_gap = true})).empty());
  search(needle, "nee", {.flow = 3, .last = true});
  CHECK(found(search(needle, "dle", {.flow = 3})).empty());
}

TEST_CASE("FlowSearch takes bytes as they are, and lines and pieces as grep does") {
  FlowSearch bytes("\xff\\x00+.", false);
  CHECK(found(search(bytes, std::string_view("a\xff\0\0b", 5))).size() == 6);
  FlowSearch starts("^get", true);
  CHECK(found(search(starts, "GET a\nget b", {.flow = 1})) == "[GET][get]");
  CHECK(found(search(starts, "Get c, not get d", {.flow = 1})) == "[Get]");
  FlowSearch nothing("x*", false);
  CHECK(search(nothing, "aaa").matches.empty());
}

TEST_CASE("FlowSearch looks back as far as its window, and takes no cut for a beginning") {
  FlowSearch far("^a.*b", false);
  std::string piece(FlowSearch::kWindow - 1, 'x');
  CHECK(found(search(far, "a", {.flow = 1})).empty());
  CHECK(found(search(far, piece, {.flow = 1})).empty());
  CHECK(search(far, "b", {.flow = 1}).matches.size() == 1);
  FlowSearch cut("^a.*b", false);
  piece = "x" + std::string(FlowSearch::kWindow + 1, 'a');
  CHECK(found(search(cut, piece, {.flow = 1})).empty());
  CHECK(found(search(cut, "b", {.flow = 1})).empty());
}

TEST_CASE("FlowSearch refuses what is no regular expression in one line") {
  CHECK_THROWS_AS(FlowSearch("(", false), UsageError);
  CHECK_THROWS_WITH(FlowSearch("(", false), Catch::Contains("missing )") && !Catch::Contains("?m"));
  CHECK_THROWS_AS(FlowSearch("(a)\\1", false), UsageError);
}
