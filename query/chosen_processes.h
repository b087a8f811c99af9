// ChosenProcesses: which processes `--process PID|NAME` means: the pid, the kernel's name or the program's.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>

namespace tarry {

class Database;

class ChosenProcesses {
 public:
  // An empty text chooses all. Throws UsageError where no process fits.
  ChosenProcesses(Database& db, const std::string& wanted);

  bool all() const { return all_; }
  bool contains(int64_t upid) const { return all_ || chosen_.contains(upid); }

 private:
  bool all_;
  std::unordered_set<int64_t> chosen_;  // upid
};

}  // namespace tarry
