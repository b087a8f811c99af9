// CallFilter: which system calls and signals are wanted, in the words of strace's -e, -P, -z and -Z.
//
//   trace=SET (or t=, or the bare SET)   names, %classes, /regex; see SyscallSet
//   status=successful|failed|unfinished  comma separated, ! inverts
//   fd=3,4                               calls with one of these fds as an argument or result
//   path=/etc/hosts                      as -P
//   raw=SET                              arguments of these calls as numbers
//   signal=SET (or s=)                   --- lines: SIGTERM,chld,9, !SIGCHLD, all, none
//
// A later expression with the same keyword replaces an earlier one, as in strace; paths add up.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/events.h"
#include "format/syscall_set.h"
#include "query/show/signal_set.h"

namespace tarry {

class CallFilter {
 public:
  // Throws UsageError, one line.
  void add(std::string_view expression);
  void addPath(std::string_view path);
  void onlySuccessful() { status_ = kSuccessful; }
  void onlyFailed() { status_ = kFailed; }

  // `path_of`: path of a resource, "" where it has none.
  using TextOf = std::function<std::string_view(StringId)>;
  using PathOf = std::function<std::string_view(ResourceId)>;
  bool matches(const SyscallEvent& event, const TextOf& text, const PathOf& path_of) const;
  bool isRaw(const SyscallEvent& event) const;
  bool matches(const SignalEvent& event) const { return signals_.contains(event.signo); }
  // As the call that moves such bytes without TLS: sendto or recvfrom. It has no fd and no path.
  bool matches(const PlaintextEvent& event) const;
  // Calls that are known as a count alone. Their fds are not known.
  bool matches(const FoldEvent& event, const PathOf& path_of) const;

  // The same over the tables: which calls, and SQL over `syscall s LEFT JOIN resource r` for the rest
  // ("1" where there is none).
  bool wantsCall(Abi abi, int32_t nr) const { return calls_.contains(abi, nr); }
  std::string sqlCondition() const;
  // Likewise over `fold s LEFT JOIN resource r`.
  std::string sqlFoldCondition() const;

 private:
  static constexpr uint8_t kSuccessful = 1, kFailed = 2, kUnfinished = 4;
  bool matchesStatus(const SyscallEvent& event) const;
  std::string pathList() const;
  bool matchesFd(const SyscallEvent& event) const;
  bool matchesPath(const SyscallEvent& event, const TextOf& text, const PathOf& path_of) const;

  SyscallSet calls_;
  std::optional<SyscallSet> raw_;
  SignalSet signals_;
  uint8_t status_ = kSuccessful | kFailed | kUnfinished;
  std::vector<int32_t> fds_;
  bool fds_inverted_ = false;
  std::vector<std::string> paths_;
};

}  // namespace tarry
