#include <sstream>

#include "analyzer/loader.h"
#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "query/export/har.h"
#include "query/export/pcapng.h"
#include "query/files.h"
#include "query/net/http_list.h"
#include "query/show/show.h"
#include "query/summary.h"
#include "query/time.h"
#include "query/tree.h"
#include "query/why/why.h"
#include "replay/script.h"
#include "tests/fuzz/targets.h"

namespace tarry::fuzz {
namespace {

// A verb either answers or says in a line why it cannot.
template <class Verb>
void ask(Verb verb) {
  std::ostringstream out;
  try {
    verb(out);
  } catch (const TraceError&) {
  } catch (const UsageError&) {
  }
}

void why(Database& db, WhyView view, bool json) {
  WhyOptions options;
  options.view = view;
  options.json = json;
  options.threads = true;
  options.show_idle = json;
  ask([&](std::ostream& out) { whyReport(db, options, out); });
}

}  // namespace

void fuzzExplain(ByteView input) {
  Database db;
  ask([&](std::ostream& out) {
    TraceReader reader = TraceReader::fromMemory(frameMessages(splitMessages(input)));
    db = loadTrace(reader);
    std::ostringstream notes;
    show(reader, {}, out, notes);
    ask([&](std::ostream& more) { exportPcapng(reader, more); });
    ask([&](std::ostream&) { replay::readScript(reader); });
    why(db, WhyView::command, false);
    why(db, WhyView::ongoing, true);
    ask([&](std::ostream& more) { exportHar(db, more); });
    ask([&](std::ostream& more) { httpReport(db, {}, more); });
    ask([&](std::ostream& more) { treeReport(db, {}, more); });
    ask([&](std::ostream& more) { filesReport(db, {}, more); });
    ask([&](std::ostream& more) { summaryReport(db, {}, more); });
    ask([&](std::ostream& more) { timeReport(db, {}, more); });
  });
}

}  // namespace tarry::fuzz
