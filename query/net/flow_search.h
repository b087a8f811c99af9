// FlowSearch: a regular expression over what was said: in each piece, and where a match reaches over from the
// pieces before it, in the end of these too (kWindow bytes).
//
// Bytes, not characters; ^ and $ also match at the ends of lines and of pieces, \A and \z at those of pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tarry {

struct FlowMatch {
  size_t begin = 0, end = 0;  // in FlowText::bytes
};

// A piece, behind what a match in it needs of the ones before.
struct FlowText {
  std::string bytes;
  size_t earlier = 0;  // so many of them are from the pieces before
  std::vector<FlowMatch> matches;
};

class FlowSearch {
 public:
  static constexpr size_t kWindow = 4096;
  static constexpr size_t kMostMatches = 1000;  // of a piece; what is behind them is not looked at

  // Throws UsageError for a pattern that is none.
  FlowSearch(const std::string& pattern, bool ignore_case);
  ~FlowSearch();

  struct Place {
    uint64_t flow = 0;       // 0: a message of its own
    bool after_gap = false;  // what came before it is not known
    bool last = false;       // of its flow
  };
  FlowText search(const Place& place, std::span<const uint8_t> piece);

 private:
  struct Expression;
  struct End {
    std::string bytes;
    bool cut = false;  // not from a piece's beginning on: the first byte is only there to be looked back at
  };
  void keep(const Place& place, End& end, std::string_view piece);

  std::unique_ptr<Expression> expression_;
  std::unordered_map<uint64_t, End> ends_;  // flow -> its last bytes
};

}  // namespace tarry
