// explain*: the three finite views of `why` over a Timeline. Each gives a Breakdown whose parts add
// up exactly to the length of its interval.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "query/timeline.h"
#include "query/why/breakdown.h"
#include "query/why/failed_call.h"
#include "query/why/process_states.h"

namespace tarry {

enum class WhySubject : uint8_t {
  command,  // a process and those it waited for
  process,  // a process alone
  thread,
};

struct Explained {
  WhySubject subject = WhySubject::command;
  int32_t process = kNone;
  int32_t thread = kNone;  // of subject thread
  int64_t begin = 0;       // trace time
  int64_t end = 0;
  Breakdown breakdown;
  int64_t cpu_ns = 0;  // CPU time of all its threads (command: and of its descendants)
  // Its parts, which add up to it: as the kernel counted them at clock ticks, so coarse where there is
  // little. Known where processes ended.
  std::optional<int64_t> user_ns, system_ns;
  int32_t processes = 1;  // command: it and its descendants
  int32_t threads = 1;
  bool ended = true;                           // false: it was still there at the end of the recording
  std::optional<FailedCall> failed_call = {};  // what plausibly made it fail; filled by the caller

  int64_t realNs() const { return end - begin; }
};

// Of less CPU time than this user_ns and system_ns say little: the kernel counts them at clock ticks of
// 1 to 10 ms.
inline constexpr int64_t kTellingTicksNs = 40'000'000;

// The life of a process in the recording, as its threads' states cover it. nullopt if it has none.
struct Lifetime {
  int64_t begin = 0;
  int64_t end = 0;
};
std::optional<Lifetime> lifetimeOf(const Timeline& timeline, int32_t process);
// The part of it in which the recorded command ran: the launcher's child waits until the recorder is
// armed, the command begins with its exec. For other processes the whole life.
std::optional<Lifetime> commandLife(const Timeline& timeline, int32_t process);

Explained explainCommand(const Timeline& timeline, ProcessStates& states, int32_t root, bool count_idle);
Explained explainProcess(const Timeline& timeline, ProcessStates& states, int32_t process, bool count_idle);
Explained explainThread(const Timeline& timeline, int32_t thread, bool count_idle);

// The process and all its recorded descendants, parents before children.
std::vector<int32_t> withDescendants(const Timeline& timeline, int32_t process);

}  // namespace tarry
