// The words of `why`: what a group of waits is, and what it all means, in plain English.
#pragma once

#include <string>
#include <unordered_map>

#include "query/process_label.h"
#include "query/timeline.h"
#include "query/why/breakdown.h"
#include "query/why/data_moved.h"
#include "query/why/explain.h"
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

// The last line: what it is waiting for, or that it computes, and a command that shows more.
struct Conclusion {
  std::string text;
  std::string command;     // "tarry show FILE -e %network"; empty where there is no file to look at
  std::string cause = {};  // the call that plausibly made it fail; empty: none, or not known
};
Conclusion conclude(const Wording& wording, const Explained& explained, const DataMoved& moved,
                    const std::string& file);

// Of the idle waits (there is one at least) that which says what all of them are waiting for.
const WaitGroup& tellingIdle(const Breakdown& breakdown);
// What a group of waits is for, as "an answer from db1:5432"; `tags` as in DescribeStyle.
std::string waitingFor(const Wording& wording, const WaitGroup& group, bool tags = false);
std::string nextCommand(const WaitGroup& group, const Wording& wording, const std::string& file);

// What an amount of unknown state is about: "before a thread was first seen", "events were lost", …
std::string unknownReason(const Timeline& timeline, const Breakdown& breakdown);

}  // namespace tarry
