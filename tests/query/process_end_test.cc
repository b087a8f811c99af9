#include "query/process_end.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "analyzer/loader.h"
#include "format/testing/trace_builder.h"
#include "query/tree.h"

using namespace tarry;
using namespace tarry::testing;

namespace {

Database load(TraceBuilder& builder) {
  TraceReader reader = builder.reader();
  return loadTrace(reader);
}

// Of the process with that pid.
std::string endOf(Database& db, int64_t pid) {
  const Timeline timeline = Timeline::load(db);
  for (const ProcessInfoRow& process : timeline.processes())
    if (process.pid == pid) return endingSignal(timeline, process);
  return "no such process";
}

}  // namespace

TEST_CASE("the end by a signal names it and who sent it") {
  TraceBuilder b;
  auto& shell = b.process("sh", 100);
  auto& victim = shell.at(1_ms).forks("victim", 101);
  auto& suicide = shell.forks("suicide", 102);
  auto& crash = shell.forks("crash", 103);
  auto& survivor = shell.forks("survivor", 104);
  auto& other = shell.forks("other", 105);
  SignalEvent term = signalFrom(15, 100, 0);
  term.sender = shell.id();
  SignalEvent hangup = signalFrom(1, 100, 0);
  hangup.sender = shell.id();
  hangup.action = SignalAction::handler;
  victim.at(2_ms).getsSignal(hangup).getsSignal(term).exits(15);
  SignalEvent abort = signalFrom(6, 102, 0);
  abort.sender = suicide.id();
  suicide.at(3_ms).getsSignal(abort).exits(6 | 0x80);
  crash.at(3_ms).getsSignal(signalFrom(11, 0, 0, 1)).exits(11);
  survivor.at(3_ms).getsSignal(hangup).exits(0);
  other.at(3_ms).getsSignal(term).exits(9);  // of what ended it nothing is known
  shell.at(5_ms).exits(0);
  Database db = load(b);
  CHECK(endOf(db, 101) == "SIGTERM from sh, pid 100");
  CHECK(endOf(db, 102) == "SIGABRT");
  CHECK(endOf(db, 103) == "SIGSEGV");
  CHECK(endOf(db, 104) == "");
  CHECK(endOf(db, 105) == "SIGKILL");
  CHECK(endOf(db, 100) == "");

  std::ostringstream tree;
  treeReport(db, {}, tree);
  CHECK(tree.str().find("SIGTERM from sh, pid 100  ├─ ") != std::string::npos);
  TreeOptions csv;
  csv.format = RowFormat::csv;
  std::ostringstream raw;
  treeReport(db, csv, raw);
  CHECK(raw.str().find(",SIGTERM,") != std::string::npos);

  db.execute("DROP TABLE signal");  // a database of an older tarry
  CHECK(endOf(db, 101) == "SIGTERM");
}
