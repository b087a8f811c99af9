// SQL function tarry_args(syscall_id) and virtual table syscall_arg: arguments decoded when asked for.
#include <sqlite3.h>

#include <memory>

#include "analyzer/call_args.h"
#include "analyzer/schema.h"
#include "analyzer/tables.h"
#include "analyzer/virtual_table.h"
#include "format/errors.h"

namespace tarry {
namespace {

struct Source {
  Source(TraceReader& r, const LoadRemains& l)
      : reader(r), remains(l), args(r, [this](ResourceId id) -> const Resource* {
          const auto found = remains.resources.find(id);
          return found != remains.resources.end() ? &found->second : nullptr;
        }) {}
  TraceReader& reader;
  const LoadRemains& remains;
  CallArgs args;

  int64_t count() const { return static_cast<int64_t>(remains.locators.size()); }
  // nullptr: no such call. Valid until the next one.
  const SyscallEvent* call(int64_t id) {
    if (id < 1 || id > count()) return nullptr;
    return &reader.readCall(remains.locators[static_cast<size_t>(id) - 1]);
  }
};

void resultText(sqlite3_context* context, std::string_view text) {
  if (isSqlText(text)) {
    sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  } else {
    sqlite3_result_blob64(context, text.data(), text.size(), SQLITE_TRANSIENT);
  }
}

void argsFunction(sqlite3_context* context, int /*count*/, sqlite3_value** values) {
  auto* source = static_cast<Source*>(sqlite3_user_data(context));
  try {
    const SyscallEvent* call = source->call(sqlite3_value_int64(values[0]));
    if (call != nullptr) resultText(context, source->args.all(*call));
  } catch (const std::exception& error) {
    sqlite3_result_error(context, error.what(), -1);
  }
}

// ---- the virtual table ------------------------------------------------------------------------

struct ArgSource : Source {
  using Source::Source;

  std::string declaration() const {
    return "CREATE TABLE x(syscall_id INTEGER, idx INTEGER, name TEXT, type TEXT, value TEXT)";
  }
  int plan(sqlite3_index_info& info) const {
    info.estimatedCost = 1e9;
    for (int i = 0; i < info.nConstraint; i++) {
      const auto& constraint = info.aConstraint[i];
      if (constraint.iColumn != 0 || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ || constraint.usable == 0)
        continue;
      info.aConstraintUsage[i].argvIndex = 1;
      info.aConstraintUsage[i].omit = 1;
      info.idxNum = 1;
      info.estimatedCost = 10;
      info.estimatedRows = 6;
      break;
    }
    return SQLITE_OK;
  }
};

class ArgRows {
 public:
  explicit ArgRows(ArgSource& source) : source_(source) {}

  void begin(int index, std::span<sqlite3_value*> values) {
    arg_ = 0;
    if (index == 1) {
      id_ = last_id_ = sqlite3_value_int64(values[0]);
      if (id_ < 1 || id_ > source_.count()) last_id_ = id_ - 1;
    } else {
      id_ = 1;
      last_id_ = source_.count();
    }
    settle();
  }
  bool atEnd() const { return id_ > last_id_; }
  void next() {
    arg_++;
    settle();
  }
  int64_t rowId() const { return id_ * kMaxArgs + arg_; }

  void column(sqlite3_context* context, int index) {
    const ArgSpec* arg = spec_ != nullptr ? &spec_->args[static_cast<size_t>(arg_)] : nullptr;
    switch (index) {
      case 0: sqlite3_result_int64(context, id_); break;
      case 1: sqlite3_result_int(context, arg_); break;
      case 2:
        if (arg != nullptr) resultText(context, arg->name);
        break;
      case 3:
        if (arg != nullptr) resultText(context, argumentTypeName(arg->type));
        break;
      default: {
        // The reader's buffers are its own: others may have read a call since.
        const SyscallEvent* call = source_.call(id_);
        if (call != nullptr) resultText(context, source_.args.one(*call, arg_));
      }
    }
  }

 private:
  // Moves on to an argument that exists; past last_id_ at the end.
  void settle() {
    while (id_ <= last_id_) {
      if (arg_ == 0) {
        const SyscallEvent* call = source_.call(id_);
        event_ = call != nullptr ? *call : SyscallEvent{};
        spec_ = findSyscall(event_.abi, event_.nr);
      }
      const int count = spec_ != nullptr ? spec_->arg_count : kMaxArgs;
      if (arg_ < count) return;
      arg_ = 0;
      id_++;
    }
  }

  ArgSource& source_;
  int64_t id_ = 0;
  int64_t last_id_ = -1;
  int arg_ = 0;
  SyscallEvent event_;
  const SyscallSpec* spec_ = nullptr;
};

}  // namespace

void provideArgsOnDemand(Database& db, TraceReader& reader, const LoadRemains& remains) {
  // SQLite owns it and deletes it with the function, as it does the table's own.
  const auto destroy = [](void* source) { const std::unique_ptr<Source> gone(static_cast<Source*>(source)); };
  if (sqlite3_create_function_v2(db.handle(), "tarry_args", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                 std::make_unique<Source>(reader, remains).release(), argsFunction, nullptr,
                                 nullptr, destroy) != SQLITE_OK) {
    throw TraceError("cannot prepare the database: out of memory");
  }
  VirtualTable<ArgSource, ArgRows>::provide(db, "tarry_syscall_arg",
                                            std::make_unique<ArgSource>(reader, remains));

  std::string columns;
  for (const TableInfo& table : allTables()) {
    if (table.name != tables::kSyscall.name) continue;
    for (const ColumnInfo& c : table.columns) {
      if (!columns.empty()) columns += ", ";
      columns += c.name == "args" ? std::string("tarry_args(id) AS args") : std::string(c.name);
    }
  }
  db.execute("CREATE TEMP VIEW syscall AS SELECT " + columns + " FROM main.syscall");
  db.execute("CREATE VIRTUAL TABLE temp.syscall_arg USING tarry_syscall_arg");
}

}  // namespace tarry
