#include "query/show/line_printer.h"

#include <fmt/format.h>

#include <ctime>
#include <thread>

namespace tarry {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

std::string clockTime(int64_t realtime_ns, bool microseconds) {
  const auto seconds = static_cast<time_t>(realtime_ns / kSecond);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  std::string text = fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
  if (microseconds) text += fmt::format(".{:06}", realtime_ns % kSecond / 1000);
  return text + ' ';
}

}  // namespace

std::string LinePrinter::leader(int32_t tid, int64_t ts_ns) {
  std::string text;
  if (prefix_)
    text =
        options_.prefix == ShowPrefix::always ? fmt::format("{:<5} ", tid) : fmt::format("[pid {:5}] ", tid);
  const int64_t realtime_ns = clock_.realtime_ns + (ts_ns - clock_.boottime_ns);
  switch (options_.time) {
    case ShowTime::none: break;
    case ShowTime::seconds: text += clockTime(realtime_ns, false); break;
    case ShowTime::microseconds: text += clockTime(realtime_ns, true); break;
    case ShowTime::epoch:
      text += fmt::format("{}.{:06} ", realtime_ns / kSecond, realtime_ns % kSecond / 1000);
      break;
    case ShowTime::relative: {
      const int64_t delta = last_ns_ ? std::max<int64_t>(0, ts_ns - *last_ns_) : 0;
      text += fmt::format("{:6}.{:06} ", delta / kSecond, delta % kSecond / 1000);
      break;
    }
  }
  last_ns_ = ts_ns;
  return text;
}

void LinePrinter::alignResult(std::string& line) const {
  const auto column = static_cast<size_t>(options_.align);
  if (line.size() < column) line.append(column - line.size(), ' ');
  else line += ' ';
}

void LinePrinter::appendEnd(std::string& line, const ShownCall& call) const {
  line += ')';
  alignResult(line);
  line += "= ";
  line += call.text.result;
  if (options_.durations && !call.unfinished) {
    const int64_t dur_ns = call.exit_ns - call.enter_ns;
    line += fmt::format(" <{}.{:06}>", dur_ns / kSecond, dur_ns % kSecond / 1000);
  }
  line += '\n';
}

void LinePrinter::waitFor(int64_t ts_ns) {
  if (options_.pace <= 0) return;
  if (!paced_from_ns_) {
    paced_from_ns_ = ts_ns;
    paced_since_ = std::chrono::steady_clock::now();
    return;
  }
  const auto offset = std::chrono::nanoseconds(
      static_cast<int64_t>(static_cast<double>(ts_ns - *paced_from_ns_) / options_.pace));
  const auto due = paced_since_ + offset;
  if (due <= std::chrono::steady_clock::now()) return;
  out_.flush();
  std::this_thread::sleep_until(due);
}

void LinePrinter::wholeLine(const ShownCall& call) {
  waitFor(call.enter_ns);
  std::string line = leader(call.tid, call.enter_ns);
  line += call.name;
  line += '(';
  line += call.text.args;
  if (call.unfinished && !call.no_return) {
    line += " <unfinished ...>\n";
  } else {
    appendEnd(line, call);
  }
  write(line);
}

// Another line is about to be printed: the call that is still open is continued later.
void LinePrinter::breakLine() {
  if (open_tid_ == 0) return;
  write(" <unfinished ...>\n");
  open_tid_ = 0;
  open_line_.clear();
}

void LinePrinter::resume(const ShownCall& call) {
  waitFor(call.exit_ns);
  const std::string_view rest = std::string_view(call.text.args).substr(call.text.entered);
  std::string line;
  size_t already = 0;
  if (open_tid_ == call.tid) {
    line = open_line_;
    already = open_line_.size();
    open_tid_ = 0;
    open_line_.clear();
  } else {
    breakLine();
    line = leader(call.tid, call.exit_ns);
    line += fmt::format("<... {} resumed>", call.name);
  }
  line += rest;
  appendEnd(line, call);
  write(std::string_view(line).substr(already));
}

void LinePrinter::resumeUntil(int64_t ts_ns) {
  while (!running_.empty() && running_.top().exit_ns <= ts_ns) {
    const ShownCall call = running_.top();
    running_.pop();
    resume(call);
  }
}

void LinePrinter::call(ShownCall call) {
  if (!options_.interleave) return wholeLine(call);
  resumeUntil(call.enter_ns);
  breakLine();
  waitFor(call.enter_ns);
  open_line_ = leader(call.tid, call.enter_ns);
  open_line_ += call.name;
  open_line_ += '(';
  if (call.unfinished && call.no_return) {
    open_line_ += call.text.args;
    appendEnd(open_line_, call);
    write(open_line_);
    open_line_.clear();
    return;
  }
  open_line_ += std::string_view(call.text.args).substr(0, call.text.entered);
  write(open_line_);
  open_tid_ = call.tid;
  if (!call.unfinished) running_.push(std::move(call));
}

void LinePrinter::event(int32_t tid, int64_t ts_ns, std::string_view text) {
  resumeUntil(ts_ns);
  breakLine();
  waitFor(ts_ns);
  write(fmt::format("{}{}\n", leader(tid, ts_ns), text));
}

void LinePrinter::remark(const ShownCall& call, std::string_view text) {
  waitFor(call.enter_ns);
  write(fmt::format("{}{}({}{}\n", leader(call.tid, call.enter_ns), call.name, call.text.args, text));
}

void LinePrinter::finish() {
  resumeUntil(INT64_MAX);
  breakLine();
  out_.flush();
}

}  // namespace tarry
