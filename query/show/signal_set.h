// A set of signals in the words of strace's -e signal=.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>

namespace tarry {

class SignalSet {
 public:
  SignalSet() { chosen_.set(); }

  // "SIGTERM,chld,9", "!SIGCHLD", "all", "none". Throws UsageError, one line.
  static SignalSet parse(std::string_view expression);

  // Numbers that no kernel has belong to a set only by `all` or by exclusion.
  bool contains(int32_t signo) const;

 private:
  static constexpr size_t kNumbers = 65;  // 1 to 64; 0 stands for all others
  std::bitset<kNumbers> chosen_;
};

}  // namespace tarry
