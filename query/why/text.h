// The text form of the finite views of `why`.
#pragma once

#include <ostream>
#include <string>

#include "query/render/style.h"
#include "query/why/conclusion.h"

namespace tarry {

struct WhyTextOptions {
  TextStyle style = {};
  int64_t min_ns = 1'000'000;  // what took less in total is summed up in one line
  bool threads = false;        // list the threads of the process
  bool hide_idle = false;
  std::string file = {};  // for the command to run next, empty: none
};

void printExplained(const Wording& wording, const Explained& explained, const DataMoved& moved,
                    const WhyTextOptions& options, std::ostream& out);

// The last line: what it comes to, and a command that shows more (empty: none). Whole, on a terminal
// in as many lines as it takes.
void printConclusion(const Conclusion& conclusion, const TextStyle& style, std::ostream& out);

}  // namespace tarry
