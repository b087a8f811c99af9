// Draws the recorder's own stops of a thread together (TaskState::recorder, two switches a call by ptrace),
// for a file that must not grow beyond its size: between two other events of the thread all its running time
// comes first, and all its stops after it. Sums stay exact.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "format/events.h"

namespace tarry {

class StopFolder {
 public:
  // How much time is drawn together at most.
  static constexpr int64_t kSpanNs = 100'000'000;

  // True: it is kept back, and take() or due() will give it in another form.
  bool holds(const SwitchEvent& event);
  // What is to be written before another event of the thread.
  std::vector<SwitchEvent> take(ThreadId thread);
  // Of all threads; `until_ns`: only what began a span ago.
  std::vector<SwitchEvent> takeOlder(int64_t until_ns);

 private:
  struct Stops {
    SwitchEvent out;  // the first one
    int64_t begin_ns = 0;
    int64_t sum_ns = 0;             // of those that are over
    int64_t open_ns = 0;            // beginning of the present one
    bool open = false;              // the thread is in it
    std::optional<SwitchEvent> in;  // the last one
  };
  static void give(const Stops& stops, std::vector<SwitchEvent>& out);

  std::unordered_map<ThreadId, Stops> stops_;
};

}  // namespace tarry
