// Loads a trace made by TraceBuilder and answers SQL in one comparable text.
#pragma once

#include <memory>
#include <string>

#include "analyzer/loader.h"
#include "analyzer/sqlite.h"
#include "format/testing/trace_builder.h"

namespace tarry::testing {

class Loaded {
 public:
  explicit Loaded(TraceBuilder& builder, const LoadOptions& options = {})
      : reader_(std::make_unique<TraceReader>(builder.reader())), db_(loadTrace(*reader_, options)) {}

  // Rows on lines, columns separated by a blank, NULL as "-".
  std::string rows(std::string_view sql) {
    std::string text;
    Statement statement = db_.prepare(sql);
    while (statement.step()) {
      if (!text.empty()) text += '\n';
      for (int i = 0; i < statement.columnCount(); i++) {
        if (i != 0) text += ' ';
        text += statement.isNull(i) ? std::string("-") : std::string(statement.text(i));
      }
    }
    return text;
  }

  int64_t number(std::string_view sql) {
    Statement statement = db_.prepare(sql);
    return statement.step() ? statement.integer(0) : -1;
  }

  Database& db() { return db_; }

 private:
  std::unique_ptr<TraceReader> reader_;
  Database db_;
};

// "kind role resource" of the waits of a thread that were blocked, in the order of time.
inline std::string blockedWaits(Loaded& loaded, int tid) {
  return loaded.rows(
      "SELECT s.wait_kind, coalesce(s.role, '-'), coalesce(r.name, '-') FROM thread_state s JOIN thread t "
      "USING (utid) "
      "LEFT JOIN resource r ON r.id = s.resource_id WHERE s.state = 'blocked' AND t.tid = " +
      std::to_string(tid) + " ORDER BY s.ts");
}

}  // namespace tarry::testing
