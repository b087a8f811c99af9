// Signals in words: every kind of siginfo as strace prints it, and as a row of the table.
#include <catch2/catch.hpp>
#include <random>

#include "analyzer/decode/siginfo.h"
#include "analyzer/signal_row.h"
#include "tests/analyzer/loaded.h"

using namespace tarry;
using namespace tarry::testing;

namespace {

SignalEvent withFields(int32_t signo, int32_t code, std::array<uint64_t, 4> fields) {
  SignalEvent event;
  event.signo = signo;
  event.code = code;
  event.fields = fields;
  return event;
}

std::string textOf(const SignalEvent& event, NameStyle style = NameStyle::names, bool hide = false) {
  std::string text;
  decode::appendSiginfo(text, decode::siginfoOf(event), style, hide);
  return text;
}

constexpr uint64_t pair(uint32_t low, uint32_t high) {
  return low | uint64_t{high} << 32;
}

}  // namespace

TEST_CASE("siginfo reads as strace prints it", "[signal]") {
  CHECK(textOf(signalFrom(15, 4711, 1000)) ==
        "{si_signo=SIGTERM, si_code=SI_USER, si_pid=4711, si_uid=1000}");
  CHECK(textOf(signalFrom(10, 5, 0, -6)) == "{si_signo=SIGUSR1, si_code=SI_TKILL, si_pid=5, si_uid=0}");
  CHECK(textOf(withFields(14, 0x80, {})) == "{si_signo=SIGALRM, si_code=SI_KERNEL}");
  CHECK(textOf(withFields(17, 1, {pair(7, 8), 3, 0, 0})) ==
        "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=7, si_uid=8, si_status=3, si_utime=0, si_stime=0}");
  CHECK(textOf(withFields(17, 2, {pair(7, 0), 15, 4, 123})) ==
        "{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=7, si_uid=0, si_status=SIGTERM, si_utime=4 /* 0.04 s "
        "*/, "
        "si_stime=123 /* 1.23 s */}");
  CHECK(textOf(withFields(11, 1, {0x1234})) == "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x1234}");
  CHECK(textOf(withFields(11, 0x80, {})) == "{si_signo=SIGSEGV, si_code=SI_KERNEL, si_addr=NULL}");
  CHECK(textOf(withFields(8, 1, {0x1234}), NameStyle::names, true) ==
        "{si_signo=SIGFPE, si_code=FPE_INTDIV, si_addr=0x...}");
  CHECK(textOf(withFields(34, -1, {pair(7, 0), 5})) ==
        "{si_signo=SIGRT_2, si_code=SI_QUEUE, si_pid=7, si_uid=0, si_int=5, si_ptr=0x5}");
  CHECK(textOf(withFields(34, -1, {pair(7, 0), 0})) ==
        "{si_signo=SIGRT_2, si_code=SI_QUEUE, si_pid=7, si_uid=0}");
  CHECK(textOf(withFields(36, -2, {pair(0, 2), 77})) ==
        "{si_signo=SIGRT_4, si_code=SI_TIMER, si_timerid=0, si_overrun=2, si_int=77, si_ptr=0x4d}");
  CHECK(textOf(withFields(29, 1, {65})) == "{si_signo=SIGIO, si_code=POLL_IN, si_band=65}");
  CHECK(textOf(withFields(31, 1, {0x5000, pair(39, 0xc000003e)})) ==
        "{si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=0x5000, si_syscall=__NR_getpid, "
        "si_arch=AUDIT_ARCH_X86_64}");
  SignalEvent error = signalFrom(15, 1, 0);
  error.error = 2;
  CHECK(textOf(error) == "{si_signo=SIGTERM, si_code=SI_USER, si_errno=ENOENT, si_pid=1, si_uid=0}");
  CHECK(textOf(withFields(11, 99, {1})) == "{si_signo=SIGSEGV, si_code=0x63 /* SEGV_??? */, si_addr=0x1}");
}

TEST_CASE("siginfo of anything is a text", "[signal]") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    SignalEvent event =
        withFields(static_cast<int32_t>(random() % 70) - 2, static_cast<int32_t>(random() % 20) - 10,
                   {random(), random(), random(), random()});
    if (i % 3 == 0) event.code = static_cast<int32_t>(random());
    if (i % 5 == 0) event.signo = static_cast<int32_t>(random());
    event.action = SignalAction::by_default;
    const std::string text = textOf(event);
    CHECK(text.starts_with("{si_signo="));
    analysis::SignalTexts texts;
    CHECK(analysis::signalRow(event, texts).info == text);
  }
}

TEST_CASE("Signals are rows that name receiver, sender and what was done", "[signal]") {
  TraceBuilder b;
  auto& killer = b.bystander("kill", 50);
  auto& p = b.process("p", 100);
  SignalEvent term = signalFrom(15, 50, 1000);
  term.sender = killer.id();
  SignalEvent handled = signalFrom(17, 101, 1000, 1);
  handled.action = SignalAction::handler;
  handled.fields[1] = 3;
  SignalEvent fault = withFields(11, 1, {0xdead000});
  fault.action = SignalAction::by_default;
  SignalEvent stop;
  stop.kind = SignalKind::stopped;
  stop.action = SignalAction::by_default;
  stop.signo = 20;
  p.at(1_ms).getsSignal(handled);
  p.at(2_ms).getsSignal(fault);
  p.at(3_ms).getsSignal(stop);
  p.at(4_ms).getsSignal(term);
  SignalEvent queued = withFields(40, -1, {pair(9, 0), 0xffffffff});
  queued.action = SignalAction::ignored;
  p.at(5_ms).getsSignal(queued);
  p.at(6_ms).exits(15);
  Loaded db(b);
  CHECK(
      db.rows("SELECT s.id, s.ts, t.tid, event, s.name, code, action, st.name, sender_pid, sender_uid, "
              "status, addr, "
              "value FROM signal s JOIN thread t USING (utid) LEFT JOIN thread st ON st.utid = s.sender_utid "
              "ORDER BY s.id") ==
      "1 1000000 100 delivered SIGCHLD CLD_EXITED handler - 101 1000 3 - -\n"
      "2 2000000 100 delivered SIGSEGV SEGV_MAPERR core - - - - 233492480 -\n"
      "3 3000000 100 stopped SIGTSTP - stop - - - - - -\n"
      "4 4000000 100 delivered SIGTERM SI_USER terminate kill 50 1000 - - -\n"
      "5 5000000 100 delivered SIGRT_8 SI_QUEUE ignore - 9 0 - - -1");
  CHECK(db.rows("SELECT info FROM signal WHERE id = 3") == "-");
  CHECK(db.number("SELECT value FROM stats WHERE name = 'signals'") == 5);
}

TEST_CASE("A lost signal is a loss but no doubt about what the thread did", "[signal]") {
  TraceBuilder b;
  auto& p = b.process("p", 100);
  p.runsFor(100_ms);
  b.loss(50_ms, 20_ms, LossSource::signals, 12, p.id());
  p.exits(0);
  Loaded db(b);
  CHECK(db.rows("SELECT source, count FROM loss") == "signals 12");
  CHECK(db.rows("SELECT DISTINCT state FROM thread_state") == "running");
}
