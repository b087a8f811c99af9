// LinePrinter: the parts of strace's lines around a call: pid, time, column of the result, duration;
// and strace's way to print calls that overlap. Paces its output where asked to.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/decode/render.h"
#include "query/show/show.h"

namespace tarry {

struct ShownCall {
  int32_t tid = 0;
  int64_t enter_ns = 0;  // boottime
  int64_t exit_ns = 0;
  bool unfinished = false;
  bool no_return = false;
  std::string name;
  RenderedCall text;
};

class LinePrinter {
 public:
  // `clock`: the start of the trace; `prefix`: pids are shown.
  LinePrinter(const ShowOptions& options, const ClockPoint& clock, bool prefix, std::ostream& out)
      : options_(options), clock_(clock), prefix_(prefix), out_(out) {}

  void call(ShownCall call);
  // "+++ exited with 0 +++"
  void event(int32_t tid, int64_t ts_ns, std::string_view text);
  // A call that is not known to have ended, with a remark behind it.
  void remark(const ShownCall& call, std::string_view text);
  // Prints what is still to come; call once, at the end.
  void finish();

 private:
  struct LaterEnd {
    bool operator()(const ShownCall& a, const ShownCall& b) const { return a.exit_ns > b.exit_ns; }
  };

  void wholeLine(const ShownCall& call);
  void resumeUntil(int64_t ts_ns);
  void resume(const ShownCall& call);
  void breakLine();
  std::string leader(int32_t tid, int64_t ts_ns);
  void alignResult(std::string& line) const;
  void appendEnd(std::string& line, const ShownCall& call) const;  // ") = 3 <0.000012>"
  void waitFor(int64_t ts_ns);
  void write(std::string_view text) { out_.write(text.data(), static_cast<std::streamsize>(text.size())); }

  const ShowOptions& options_;
  const ClockPoint clock_;
  const bool prefix_;
  std::ostream& out_;

  std::priority_queue<ShownCall, std::vector<ShownCall>, LaterEnd> running_;
  std::string open_line_;  // of the call entered last, if nothing was printed since
  int32_t open_tid_ = 0;
  std::optional<int64_t> last_ns_;  // of the last line, for -r
  std::optional<int64_t> paced_from_ns_;
  std::chrono::steady_clock::time_point paced_since_;
};

}  // namespace tarry
