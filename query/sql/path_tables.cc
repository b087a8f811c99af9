#include "query/sql/path_tables.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/sqlite.h"
#include "analyzer/virtual_table.h"
#include "format/errors.h"
#include "query/timeline.h"
#include "query/why/critical_path.h"
#include "query/why/explain.h"

namespace tarry {
namespace {

// Shared by both functions of one connection.
struct Paths {
  explicit Paths(Database& database) : db(database) {}

  void load() {
    if (timeline) return;
    timeline = Timeline::load(db);
    states = std::make_unique<ProcessStates>(*timeline);
  }

  // A Timeline does not know ids: a thread and when the state begins tell which row it is.
  std::optional<int32_t> rowOf(int64_t id) const {
    auto q = db.prepare("SELECT utid, ts FROM thread_state WHERE id = ?1");
    q.bind(1, id);
    if (!q.step()) return std::nullopt;
    const auto thread = timeline->threadByUtid(q.integer(0));
    return thread ? timeline->stateAt(*thread, q.integer(1)) : std::nullopt;
  }

  Database& db;
  std::optional<Timeline> timeline;
  std::unique_ptr<ProcessStates> states;
};

enum class Function : uint8_t { path, behind };

enum PathColumn { kTs, kDur, kDepth, kUpid, kUtid, kStateId, kState, kWaitKind, kArgument };

struct PathSource {
  std::shared_ptr<Paths> paths;
  Function function = Function::path;

  std::string declaration() const {
    return "CREATE TABLE x(ts, dur, depth, upid, utid, state_id, state, wait_kind, argument HIDDEN)";
  }
  // The argument must be given: there is no sensible "all".
  int plan(sqlite3_index_info& info) const {
    for (int i = 0; i < info.nConstraint; ++i) {
      const auto& constraint = info.aConstraint[i];
      if (constraint.iColumn != kArgument || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
      if (constraint.usable == 0) return SQLITE_CONSTRAINT;
      info.aConstraintUsage[i].argvIndex = 1;
      info.aConstraintUsage[i].omit = 1;
      info.estimatedCost = 1000;
      return SQLITE_OK;
    }
    throw UsageError(function == Function::path ? "wait_path needs its argument: wait_path(upid)"
                                                : "wait_behind needs its argument: wait_behind(state_id)");
  }
};

class PathRows {
 public:
  explicit PathRows(PathSource& source) : source_(source) {}

  void begin(int /*index*/, std::span<sqlite3_value*> values) {
    pieces_.clear();
    at_ = 0;
    if (values.size() != 1 || sqlite3_value_type(values[0]) == SQLITE_NULL) return;
    argument_ = sqlite3_value_int64(values[0]);
    source_.paths->load();
    const Timeline& timeline = *source_.paths->timeline;
    CriticalPath path(timeline, *source_.paths->states);
    const auto keep = [this](const PathPiece& piece) { pieces_.push_back(piece); };
    if (source_.function == Function::behind) {
      if (const auto row = source_.paths->rowOf(argument_)) path.walkBehind(*row, keep);
    } else if (const auto process = timeline.processByUpid(argument_)) {
      if (const auto life = commandLife(timeline, *process))
        path.walk(*process, life->begin, life->end, keep);
    }
  }
  bool atEnd() const { return at_ >= pieces_.size(); }
  void next() { ++at_; }
  int64_t rowId() const { return static_cast<int64_t>(at_); }

  void column(sqlite3_context* context, int index) const {
    const Timeline& timeline = *source_.paths->timeline;
    const PathPiece& piece = pieces_[at_];
    const StateRow row = timeline.state(piece.row);
    const auto text = [&](std::string_view value) {
      sqlite3_result_text64(context, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
    };
    switch (index) {
      case kTs: sqlite3_result_int64(context, piece.begin); break;
      case kDur: sqlite3_result_int64(context, piece.length()); break;
      case kDepth: sqlite3_result_int64(context, piece.depth); break;
      case kUpid: sqlite3_result_int64(context, timeline.process(piece.process).upid); break;
      case kUtid: sqlite3_result_int64(context, timeline.thread(row.thread).utid); break;
      case kStateId:
        if (const auto id = idOf(row)) sqlite3_result_int64(context, *id);
        break;
      case kState: text(runStateName(row.state)); break;
      case kWaitKind:
        if (row.state != RunState::running) text(waitKindName(row.kind));
        break;
      case kArgument: sqlite3_result_int64(context, argument_); break;
      default: break;
    }
  }

 private:
  // None of what fills a gap of the table.
  std::optional<int64_t> idOf(const StateRow& row) const {
    Statement& q = ids_;
    if (!q.valid()) q = source_.paths->db.prepare("SELECT id FROM thread_state WHERE utid = ?1 AND ts = ?2");
    q.bind(1, source_.paths->timeline->thread(row.thread).utid).bind(2, row.begin);
    const std::optional<int64_t> id = q.step() ? std::optional(q.integer(0)) : std::nullopt;
    q.reset();
    return id;
  }

  PathSource& source_;
  mutable Statement ids_;
  std::vector<PathPiece> pieces_;
  size_t at_ = 0;
  int64_t argument_ = 0;
};

}  // namespace

void registerPathTables(Database& db) {
  const auto paths = std::make_shared<Paths>(db);
  struct Named {
    const char* name;
    Function function;
  };
  for (const Named& named : {Named{"wait_path", Function::path}, Named{"wait_behind", Function::behind}}) {
    VirtualTable<PathSource, PathRows>::provide(
        db, named.name, std::make_unique<PathSource>(PathSource{paths, named.function}), true);
  }
}

}  // namespace tarry
