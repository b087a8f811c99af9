// The words of `why`: what a group of waits is, and what it all means, in plain English.
#pragma once

#include <string>
#include <unordered_map>

#include "query/timeline.h"
#include "query/why/breakdown.h"
#include "query/why/data_moved.h"
#include "query/why/explain.h"

namespace tarry {

// Innermost telling function of the kernel stacks of waits that are otherwise not understood.
using StackNames = std::unordered_map<int32_t, std::string>;

struct Wording {
  const Timeline& timeline;
  const StackNames& stacks;

  // "recvfrom ← 127.0.0.1:5000 (python3 slow_server.py, pid 4702)". With `several`, waits of more
  // than one process are in the report and each group says whose it is.
  std::string describe(const WaitGroup& group, bool several) const;
  // "read, openat", at most three.
  std::string calls(const WaitGroup& group) const;
  // The other end, without an arrow: "127.0.0.1:5000 (python3 slow_server.py, pid 4702)".
  std::string peer(const WaitGroup& group) const;
};

// The last line: what it is waiting for, or that it computes, and a command that shows more.
struct Conclusion {
  std::string text;
  std::string command;  // "tarry show FILE -e %network"; empty where there is no file to look at
};
Conclusion conclude(const Wording& wording, const Explained& explained, const DataMoved& moved,
                    const std::string& file);

// The same for the largest wait alone, as "an answer from db1:5432"; used for ongoing reports.
std::string waitingFor(const Wording& wording, const WaitGroup& group);
std::string nextCommand(const WaitGroup& group, const Wording& wording, const std::string& file);

}  // namespace tarry
