// The words of `why`: what a group of waits is, in plain English.
#pragma once

#include <string>
#include <unordered_map>

#include "query/process_label.h"
#include "query/timeline.h"
#include "query/why/breakdown.h"
#include "query/why/requests.h"

namespace tarry {

// Innermost telling function of the kernel stacks of waits that are otherwise not understood.
using StackNames = std::unordered_map<int32_t, std::string>;

// How much describe() may say.
struct DescribeStyle {
  bool several = false;  // waits of more than one process are in the report: each group says whose it is
  int32_t self = kNone;  // the process for which that goes without saying
  bool tags = false;     // processes by program and pid, not by command line
  int width = 0;         // columns; what tells least is left out first. 0: no limit
};

struct Wording {
  const Timeline& timeline;
  const StackNames& stacks;
  const Requests& requests;

  // "recvfrom ← 127.0.0.1:5000 (python3 slow_server.py, pid 4702)"
  std::string describe(const WaitGroup& group, const DescribeStyle& style = {}) const;
  // "read, openat": at most `most`, then "…".
  std::string calls(const WaitGroup& group, size_t most = 3) const;
  // What the longest of the waits was for, "GET /slow"; empty where it is not known.
  std::string_view request(const WaitGroup& group) const;
  // The other end, without an arrow: "127.0.0.1:5000 (python3 slow_server.py, pid 4702)".
  std::string peer(const WaitGroup& group, bool tags = false) const;
};

// What a group of waits is for, as "an answer from db1:5432"; `tags` as in DescribeStyle.
std::string waitingFor(const Wording& wording, const WaitGroup& group, bool tags = false);
// A command that shows more of it.
std::string nextCommand(const WaitGroup& group, const Wording& wording, const std::string& file);

}  // namespace tarry
