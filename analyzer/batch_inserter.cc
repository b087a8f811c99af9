#include "analyzer/batch_inserter.h"

#include <sqlite3.h>

#include <memory>

#include "analyzer/virtual_table.h"
#include "format/errors.h"

namespace tarry {
namespace {

struct Source {
  std::string columns;
  RowBatch& batch;

  std::string declaration() const { return "CREATE TABLE x(" + columns + ")"; }
  int plan(sqlite3_index_info& /*info*/) const { return SQLITE_OK; }
};

class Rows {
 public:
  explicit Rows(Source& source) : batch_(source.batch) {}
  void begin(int /*index*/, std::span<sqlite3_value*> /*values*/) { row_ = 0; }
  bool atEnd() const { return row_ >= batch_.size(); }
  void next() { row_++; }
  int64_t rowId() const { return static_cast<int64_t>(row_); }
  void column(sqlite3_context* context, int index) const {
    batch_.column(row_, static_cast<size_t>(index), ResultColumn(context));
  }

 private:
  const RowBatch& batch_;
  size_t row_ = 0;
};

}  // namespace

void ResultColumn::integer(int64_t value) {
  sqlite3_result_int64(context_, value);
}

void ResultColumn::text(std::string_view text) {
  sqlite3_result_text64(context_, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void ResultColumn::blob(const void* data, size_t size) {
  sqlite3_result_blob64(context_, data, size, SQLITE_STATIC);
}

BatchCopy::BatchCopy(Database& db, std::string_view table, std::span<const ColumnInfo> columns,
                     RowBatch& batch)
    : db_(db), name_("tarry_batch_" + std::string(table)) {
  std::string names;
  for (const ColumnInfo& c : columns) names += (names.empty() ? "" : ", ") + std::string(c.name);
  VirtualTable<Source, Rows>::provide(db, name_, std::make_unique<Source>(Source{names, batch}));
  db.execute("CREATE VIRTUAL TABLE temp." + name_ + " USING " + name_);
  copy_ = db.prepare("INSERT INTO main." + std::string(table) + " (" + names + ") SELECT " + names +
                     " FROM temp." + name_);
}

BatchCopy::~BatchCopy() {
  copy_ = Statement();
  try {
    db_.execute("DROP TABLE IF EXISTS temp." + name_);
  } catch (const Error&) {
    // After a failure that ended the transaction the table is gone by itself.
  }
  sqlite3_create_module_v2(db_.handle(), name_.c_str(), nullptr, nullptr, nullptr);
}

}  // namespace tarry
