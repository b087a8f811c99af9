// What `why` says in the end: what it all means, in one line.
#pragma once

#include <string>

#include "query/why/data_moved.h"
#include "query/why/explain.h"
#include "query/why/wording.h"

namespace tarry {

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
// What an amount of unknown state is about: "before a thread was first seen", "events were lost", …
std::string unknownReason(const Timeline& timeline, const Breakdown& breakdown);

}  // namespace tarry
