// FailedCall: the call that plausibly made a command fail, for the line below the conclusion of `why`.
//
// The rule, kept simple and silent when unsure (docs/waits.md says it to users):
// 1. Whose: the process that failed; where the last of its children to end failed too, that child, and
//    so on down. Only calls after its last exec count.
// 2. Which: the last failure of its calls that is
//    - a network error of connect, bind, listen, send or receive, or a connect of which no more than
//      EINPROGRESS is known and over whose socket nothing was ever moved; a later connection that
//      worked takes these back;
//    - a refusal (EACCES, EPERM, EROFS, ENOSPC, EMFILE …) of a call that opens, makes, changes or
//      executes a file, or of a write (ENOSPC, EIO …);
//    - a file that is missing or in the way (ENOENT, EEXIST …), of any call, if the command line names
//      it: programs look for many files that need not be there.
//    A later call that succeeds on the same path takes its failure back.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "query/timeline.h"

namespace tarry {

class Database;
class TraceReader;

struct FailedCall {
  int32_t process = kNone;
  std::string call;     // "openat"
  std::string subject;  // path or address, safe for a terminal; may be empty
  std::string error;    // "ENOENT"; empty: nothing was ever moved over this connection
};

// A call that returned, as far as the rule looks at it. Views need to live only while it is handed over.
struct CallOutcome {
  std::string_view name;
  std::string_view error;           // "" : it succeeded
  int64_t ret = 0;                  // if it succeeded
  std::string_view path;            // its first path argument, from the root where its directory is known
  std::string_view directory;       // from which that path started, "" where not known
  int64_t resource = 0;             // resource.id of its main object, 0: none
  std::string_view address;         // connect, bind: the bytes of the socket address, "" where not recorded
  std::optional<int32_t> so_error;  // getsockopt(SO_ERROR): what it gave, where recorded
};

// Applies rule 2 to the calls of one process in the order of time.
class FailureFinder {
 public:
  // `timeline` must outlive it.
  FailureFinder(const Timeline& timeline, int32_t process);
  void add(const CallOutcome& call);
  std::optional<FailedCall> result() const;

 private:
  struct Candidate {
    FailedCall call;
    std::string path;
    int64_t socket = 0;  // an open connect: its key
    bool network = false;
  };
  void succeeded(const CallOutcome& call);
  void connectionWorks();
  bool named(const CallOutcome& call) const;
  bool namedWithin(std::string_view directory, std::string_view path) const;
  int64_t socketOf(int64_t resource) const;
  std::string addressOf(const CallOutcome& call) const;
  void fail(const CallOutcome& call, std::string subject, bool network, int64_t socket = 0);

  const Timeline& timeline_;
  int32_t process_;
  bool program_not_run_;  // exit status 126 or 127: a program was not found, or could not be run
  std::set<std::string, std::less<>> words_;  // of the command line
  std::string cwd_;
  std::map<int64_t, std::string> remote_;  // socket → address
  std::vector<Candidate> candidates_;      // the last ones, oldest first
};

// Rule 1. kNone if `process` did not fail.
int32_t whoFailed(const Timeline& timeline, int32_t process);

// Both rules. nullopt where the process did not fail, or nothing is plausible enough to be named.
using FailedCallSource = std::function<std::optional<FailedCall>(const Timeline&, int32_t process)>;

// From tables syscall and payload. The database must outlive the source.
FailedCallSource failedCallFromTables(Database& db);
// Straight from the trace; it must outlive the source.
FailedCallSource failedCallFromTrace(TraceReader& reader);

// "cat, pid 4711: openat of missing.txt: ENOENT (No such file or directory)"; without the process where
// it is `self`.
std::string failedCallText(const Timeline& timeline, const FailedCall& call, int32_t self);

}  // namespace tarry
