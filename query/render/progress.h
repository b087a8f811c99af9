// A progress bar on stderr for what takes over a second, if stderr is a terminal.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace tarry {

class ProgressBar {
 public:
  explicit ProgressBar(std::string what);
  ~ProgressBar();  // removes the bar
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(double part);  // 0 … 1; draws at most ten times a second
  // For interfaces that take a function; this must outlive it.
  std::function<void(double)> callback() {
    return [this](double part) { show(part); };
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_, last_;
};

}  // namespace tarry
