#include "recorder/ptrace/tracer.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <utility>
#include <vector>

#include "format/errors.h"
#include "format/syscall_table.h"
#include "recorder/host_info.h"
#include "recorder/ptrace/attach.h"
#include "recorder/ptrace/calls.h"
#include "recorder/ptrace/lives.h"
#include "recorder/ptrace/resource_finder.h"
#include "recorder/ptrace/run_states.h"
#include "recorder/ptrace/signal_stops.h"
#include "recorder/ptrace/together.h"
#include "recorder/ptrace/wakers.h"

namespace tarry::ptracing {

namespace {

constexpr int kSyscallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD
constexpr int kTickUs = 50'000;
constexpr timespec kIdle{0, 500'000};
constexpr int64_t kOrphanNs = 500'000'000;
constexpr uint64_t kShortRunNs = 200'000;

// While several threads stop all the time, the tracer looks for the next stop so long before it sleeps: to be
// woken costs as much as some stops do.
constexpr int64_t kSpinNs = 50'000;

struct Stop {
  pid_t tid = 0;
  int status = 0;
};

struct Resumption {
  pid_t tid = 0;
  int signal = 0;
};

bool haveSeveralCpus() {
  cpu_set_t cpus;
  return ::sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) > 1;
}

class Tracer {
 public:
  Tracer(Channel& channel, const CapturePlan& plan, const TracerOptions& options)
      : sink_(channel, options.recorder),
        resources_(sink_),
        calls_(sink_, resources_, plan, options.level, options.snaplen, options.calls),
        states_(sink_, [this](Tracee& tracee, rec_switch_out_polled& out) { calls_.describe(tracee, out); }),
        lives_(sink_, resources_),
        wakers_(resources_, lives_),
        attacher_(sink_, lives_, resources_, calls_, states_, options.filtered),
        filtered_(options.filtered) {
    // Threads that were attached to, and left alone for a while, make calls that are not seen.
    resources_.seesAllCalls(!filtered_ && options.pids.empty());
    states_.seesAllCalls(!filtered_ || options.level == Level::waits);
  }

  void attach(const std::vector<pid_t>& pids) { attacher_.attach(pids); }

  void run() {
    answer("");  // ready
    while (!stopping_) {
      answerRequest();
      collect();
      for (const Stop& stop : stops_) handle(stop);
      resumeAll();
      if (tick_ns_ < bootTimeNs()) tick();
    }
    leave();
    if (sink_.control().stays.load()) passOn();
  }

 private:
  void answer(const char* error);
  void answerRequest();
  bool next(bool block, Stop& stop);
  bool first(Stop& stop);
  void collect();
  void tick();
  void leave();
  void passOn();
  static void letGo(const Stop& stop);

  void handle(const Stop& stop);
  void ended(const Stop& stop);
  void syscallStop(Tracee& tracee, const __ptrace_syscall_info& info, int64_t now_ns);
  void eventStop(Tracee& tracee, int event, int signal, int64_t now_ns);
  void executed(Tracee& caller, int64_t now_ns);
  void childCreated(Tracee& creator, int64_t now_ns);
  bool takesUpCall(Tracee& tracee, int status, const __ptrace_syscall_info& info, int64_t now_ns);
  void resume(const Tracee& tracee, int signal = 0) { resumptions_.push_back({tracee.tid, signal}); }
  void resumeAll();
  void goOn(Tracee& tracee, int signal);
  Tracee& whoExecuted(Tracee& stopped);
  static bool stopsOften(const Tracee& tracee);

  RecordSink sink_;
  ResourceFinder resources_;
  Calls calls_;
  RunStates states_;
  Lives lives_;
  Wakers wakers_;
  Attacher attacher_;
  std::vector<Stop> stops_;
  std::vector<Resumption> resumptions_;
  // Children whose creator has not told of them yet: status and since when.
  std::map<pid_t, std::pair<int, int64_t>> early_;
  TogetherTrial trial_;
  const bool several_cpus_ = haveSeveralCpus();
  int64_t collected_ns_ = 0;
  bool busy_ = false;  // several threads stop all the time
  pid_t last_tid_ = 0;
  int64_t changed_ns_ = 0;  // when another thread stopped than the time before
  const bool filtered_;
  int exiting_ = 0;
  int64_t tick_ns_ = 0;
  bool stopping_ = false;
};

// ---- requests -------------------------------------------------------------------------------------

void Tracer::answer(const char* error) {
  ChannelControl& control = sink_.control();
  std::snprintf(control.error, sizeof control.error, "%s", error);
  control.answered.store(control.asked.load());
}

void Tracer::answerRequest() {
  ChannelControl& control = sink_.control();
  if (control.asked.load() == control.answered.load()) return;
  if (control.request.load() == Request::stop) {
    stopping_ = true;
    return;
  }
  std::string error;
  try {
    attacher_.launched(control.pid.load());
  } catch (const Error& failure) {
    error = failure.what();
  }
  answer(error.c_str());
}

// ---- stops ----------------------------------------------------------------------------------------

// One stop or end, if there is one. A thread that ends is looked at before it is reaped.
bool Tracer::next(bool block, Stop& stop) {
  const int hang = block ? 0 : WNOHANG;
  pid_t which = -1;
  if (exiting_ > 0) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL | hang) < 0 || info.si_pid == 0) {
      return false;
    }
    which = info.si_pid;
    const bool over = info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
    if (Tracee* tracee = lives_.find(which); tracee != nullptr && over) lives_.beforeEnd(*tracee);
  }
  stop.tid = ::waitpid(which, &stop.status, __WALL | hang);
  return stop.tid > 0;
}

bool Tracer::first(Stop& stop) {
  if (busy_ && several_cpus_) {
    const int64_t begin_ns = bootTimeNs();
    for (int64_t now_ns = begin_ns; now_ns < begin_ns + kSpinNs; now_ns = bootTimeNs()) {
      if (next(false, stop)) return true;
      // What it waits for may want this CPU.
      if (now_ns > begin_ns + kSpinNs / 4) ::sched_yield();
    }
  }
  return next(early_.empty(), stop);
}

// All there are, before any is dealt with: waitpid(2) would give the stops of one busy thread for ever.
void Tracer::collect() {
  stops_.clear();
  Stop stop;
  if (!first(stop)) {
    if (errno == ECHILD || !early_.empty()) ::nanosleep(&kIdle, nullptr);
    return;
  }
  do {
    stops_.push_back(stop);
  } while (lives_.all().size() > 1 && next(false, stop));
  const int64_t now_ns = bootTimeNs();
  const uint64_t length_ns = static_cast<uint64_t>(now_ns - std::exchange(collected_ns_, now_ns));
  if (length_ns < kShortRunNs) trial_.took(length_ns, static_cast<uint32_t>(stops_.size()));
}

void Tracer::tick() {
  if (filtered_ && sink_.readerGone()) stopping_ = true;
  const int64_t now_ns = bootTimeNs();
  tick_ns_ = now_ns + int64_t{kTickUs} * 1000;
  for (auto& [tid, tracee] : lives_.all()) {
    states_.tellLongWait(tracee, now_ns);
    if (tracee.attached) attacher_.interruptWhenMoved(tracee);
  }
  // A creator that was killed does not tell.
  std::vector<Stop> orphans;
  std::erase_if(early_, [&](const auto& one) {
    const auto& [status, since_ns] = one.second;
    if (now_ns - since_ns < kOrphanNs) return false;
    orphans.push_back({one.first, status});
    return true;
  });
  for (const Stop& stop : orphans) {
    if (Tracee* tracee = lives_.existing(stop.tid, now_ns)) {
      tracee->fresh = true;
      handle(stop);
    }
  }
  resumeAll();
}

// Its last run was so short that the next one will be, too.
bool Tracer::stopsOften(const Tracee& tracee) {
  return tracee.run.stopped_ns - tracee.run.resumed_ns < kShortRunNs;
}

// One after the other, when all stops have been dealt with: the first wakes another CPU, which the next ones
// then find awake.
void Tracer::resumeAll() {
  for (const Resumption& one : resumptions_) {
    if (Tracee* tracee = lives_.find(one.tid)) goOn(*tracee, one.signal);
  }
  resumptions_.clear();
}

void Tracer::goOn(Tracee& tracee, int signal) {
  const bool often = stopsOften(tracee);
  const Together together(tracee.tid, often && !tracee.call.shows_affinity && trial_.pins());
  const int64_t now_ns = bootTimeNs();
  if (tracee.call.open && tracee.call.enter_ns == 0) {
    calls_.entered(tracee, now_ns);
    wakers_.entered(tracee, now_ns);
  }
  states_.resumed(tracee, now_ns);
  tracee.running = true;
  // ESRCH: it was killed meanwhile, which the next wait tells
  ::ptrace(filtered_ && !tracee.call.open ? PTRACE_CONT : PTRACE_SYSCALL, tracee.tid, 0, signal);
}

void Tracer::handle(const Stop& stop) {
  if (!WIFSTOPPED(stop.status)) {
    ended(stop);
    return;
  }
  Tracee* tracee = lives_.find(stop.tid);
  const int signal = WSTOPSIG(stop.status), event = stop.status >> 16;
  const int64_t now_ns = bootTimeNs();
  if (tracee == nullptr) {
    early_[stop.tid] = {stop.status, now_ns};
    return;
  }
  if (event == PTRACE_EVENT_EXEC) tracee = &whoExecuted(*tracee);
  tracee->running = false;
  if (stop.tid != last_tid_) {
    const int64_t since_ns = now_ns - std::exchange(changed_ns_, now_ns);
    busy_ = since_ns < static_cast<int64_t>(kShortRunNs);
    last_tid_ = stop.tid;
  } else if (now_ns - changed_ns_ > static_cast<int64_t>(kShortRunNs)) {
    busy_ = false;
  }
  __ptrace_syscall_info info{};
  tracee->run.waker = {};
  if (event == 0 && signal == kSyscallStop &&
      ::ptrace(PTRACE_GET_SYSCALL_INFO, stop.tid, sizeof info, &info) > 0 &&
      info.op == PTRACE_SYSCALL_INFO_EXIT && tracee->call.open) {
    tracee->run.waker = wakers_.of(*tracee, info.exit.rval);
  }
  if (tracee->fresh) {
    tracee->fresh = false;
    states_.begin(*tracee, now_ns, false);
  } else if (takesUpCall(*tracee, stop.status, info, now_ns)) {
    return;
  } else {
    states_.stopped(*tracee, now_ns);
  }
  tracee->attached = false;
  if (event != 0) {
    eventStop(*tracee, event, signal, now_ns);
  } else if (signal == kSyscallStop) {
    syscallStop(*tracee, info, now_ns);
  } else {
    putSignal(sink_, lives_, *tracee, signal, now_ns);
    resume(*tracee, signal);
  }
}

// A thread that was found in a call has to be interrupted to be traced, and takes the call up again: to
// who reads the trace that is one wait. True: this was such a stop.
bool Tracer::takesUpCall(Tracee& tracee, int status, const __ptrace_syscall_info& info, int64_t now_ns) {
  const int signal = WSTOPSIG(status), event = status >> 16;
  if (tracee.attached && tracee.run.blocked && event == PTRACE_EVENT_STOP && signal == SIGTRAP) {
    tracee.attached = false;
    tracee.continuing = true;
    states_.skip(tracee, now_ns);
    resume(tracee);
    return true;
  }
  if (!tracee.continuing) return false;
  tracee.continuing = false;
  if (signal != kSyscallStop || info.op != PTRACE_SYSCALL_INFO_ENTRY) return false;
  const int32_t before = tracee.call.nr;
  const auto nr = static_cast<int32_t>(info.entry.nr);
  const SyscallSpec* spec = findSyscall(static_cast<Abi>(tracee.call.abi), nr);
  if (nr != before && (spec == nullptr || spec->name != "restart_syscall")) return false;
  states_.skip(tracee, now_ns);
  calls_.enter(tracee, info);
  tracee.call.no_enter = true;
  resume(tracee);
  return true;
}

void Tracer::syscallStop(Tracee& tracee, const __ptrace_syscall_info& info, int64_t now_ns) {
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    calls_.enter(tracee, info);
  } else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
    const bool renames = tracee.call.open && mayRename(tracee.call);
    calls_.exit(tracee, info.exit.rval, now_ns);
    if (renames) lives_.renamed(tracee, now_ns);
  }
  resume(tracee);
}

void Tracer::childCreated(Tracee& creator, int64_t now_ns) {
  unsigned long message = 0;
  if (::ptrace(PTRACE_GETEVENTMSG, creator.tid, 0, &message) < 0) return;
  const auto tid = static_cast<pid_t>(message);
  if (tid <= 0) return;
  if (lives_.find(tid) != nullptr) return;
  Tracee* child = lives_.created(tid, creator, now_ns);
  if (child == nullptr) return;
  child->fresh = true;
  if (const auto early = early_.find(tid); early != early_.end()) {
    const int status = early->second.first;
    early_.erase(early);
    handle({tid, status});
  }
}

// execve(2) by another thread than the first: the first has gone, and the one that called has its number.
Tracee& Tracer::whoExecuted(Tracee& stopped) {
  unsigned long former = 0;
  if (::ptrace(PTRACE_GETEVENTMSG, stopped.tid, 0, &former) < 0) return stopped;
  Tracee* const caller = lives_.find(static_cast<pid_t>(former));
  if (caller == nullptr || caller == &stopped) return stopped;
  states_.renumbered(*caller, stopped.tid);
  return *caller;
}

void Tracer::executed(Tracee& caller, int64_t now_ns) {
  caller.launching = false;
  if (Tracee* const leader = lives_.find(caller.process->pid); leader != &caller && leader != nullptr) {
    if (leader->exiting) --exiting_;
    states_.replaced(*leader, caller, now_ns);
  }
  resume(lives_.executed(caller, now_ns));
}

void Tracer::eventStop(Tracee& tracee, int event, int signal, int64_t now_ns) {
  switch (event) {
    case PTRACE_EVENT_SECCOMP: {
      __ptrace_syscall_info info{};
      if (::ptrace(PTRACE_GET_SYSCALL_INFO, tracee.tid, sizeof info, &info) > 0) calls_.enter(tracee, info);
      break;
    }
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE: childCreated(tracee, now_ns); break;
    case PTRACE_EVENT_EXEC: executed(tracee, now_ns); return;
    case PTRACE_EVENT_EXIT: {
      unsigned long status = 0;
      ::ptrace(PTRACE_GETEVENTMSG, tracee.tid, 0, &status);
      calls_.unfinished(tracee, now_ns);
      if (tracee.id == tracee.process->leader) calls_.tellConnections(tracee);
      wakers_.exiting(tracee, static_cast<int>(status), now_ns);
      if (!tracee.exiting) ++exiting_;
      lives_.exiting(tracee, static_cast<int>(status), now_ns);
      break;
    }
    case PTRACE_EVENT_STOP:
      if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU) {
        putGroupStop(sink_, tracee, signal, now_ns);
        states_.groupStopped(tracee, now_ns);
        // It stays stopped, and says when it goes on.
        ::ptrace(PTRACE_LISTEN, tracee.tid, 0, 0);
        states_.resumed(tracee, now_ns);
        tracee.running = true;
        return;
      }
      break;
    default: break;
  }
  resume(tracee);
}

void Tracer::ended(const Stop& stop) {
  early_.erase(stop.tid);
  Tracee* tracee = lives_.find(stop.tid);
  if (tracee == nullptr) return;
  const int64_t now_ns = bootTimeNs();
  calls_.unfinished(*tracee, now_ns);  // killed without a stop
  if (tracee->exiting) --exiting_;
  states_.ended(*tracee, now_ns);
  lives_.ended(stop.tid, stop.status, now_ns);
}

// The kernel lets go of the tracees when this process ends, or, where they have a filter, when they do.
void Tracer::leave() {
  sink_.control().stays.store(filtered_ && !lives_.all().empty());
  const int64_t now_ns = bootTimeNs();
  for (auto& [tid, tracee] : lives_.all()) {
    states_.left(tracee, now_ns);
    calls_.unfinished(tracee, now_ns);
    if (tracee.id == tracee.process->leader) calls_.tellConnections(tracee);
  }
  answer("");
}

void Tracer::letGo(const Stop& stop) {
  if (stop.tid <= 0 || !WIFSTOPPED(stop.status)) return;
  const int signal = WSTOPSIG(stop.status), event = stop.status >> 16;
  const bool stays = event == PTRACE_EVENT_STOP && signal != SIGTRAP;
  const bool delivers = event == 0 && signal != kSyscallStop;
  ::ptrace(stays ? PTRACE_LISTEN : PTRACE_CONT, stop.tid, 0, delivers ? signal : 0);
}

// A program with a filter cannot do without a tracer: its calls would fail. What they stop for is let go at
// once.
void Tracer::passOn() {
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  exiting_ = 0;
  for (const auto& [tid, early] : early_) letGo({tid, early.first});
  early_.clear();
  Stop stop;
  while (next(true, stop) || errno != ECHILD) letGo(std::exchange(stop, Stop{}));
}

// ---- the process ----------------------------------------------------------------------------------

void onSignal(int) {}

// Signals only interrupt the wait. The terminal's are blocked, as in the recorder.
void setSignals() {
  struct sigaction action {};
  action.sa_handler = onSignal;
  ::sigaction(SIGUSR1, &action, nullptr);
  ::sigaction(SIGALRM, &action, nullptr);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGHUP, &action, nullptr);
  ::sigaction(SIGPIPE, &action, nullptr);
  sigset_t open;
  ::sigemptyset(&open);
  ::sigaddset(&open, SIGUSR1);
  ::sigaddset(&open, SIGALRM);
  ::sigprocmask(SIG_UNBLOCK, &open, nullptr);
  const itimerval timer{{0, kTickUs}, {0, kTickUs}};
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

// None of the recorder's descriptors: a pipe must end when its readers and writers have.
void leaveFiles() {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace

void runTracer(Channel& channel, const CapturePlan& plan, const TracerOptions& options) {
  ::prctl(PR_SET_NAME, "tarry-tracer");
  // With a filter the programs need this process also when the recorder is killed (passOn()).
  if (!options.filtered) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != options.recorder) ::_exit(0);
  ::setsid();
  leaveFiles();
  setSignals();
  ChannelControl& control = channel.control();
  try {
    Tracer tracer(channel, plan, options);
    tracer.attach(options.pids);
    tracer.run();
    ::_exit(0);
  } catch (const std::exception& error) {
    std::snprintf(control.error, sizeof control.error, "%s", error.what());
    control.answered.store(control.asked.load());
    ::_exit(1);
  }
}

}  // namespace tarry::ptracing
