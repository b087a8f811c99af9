#include "analyzer/schema.h"

namespace tarry {
namespace {

void appendColumns(std::string& text, std::span<const ColumnInfo> columns) {
  text += "\n| column | type | meaning |\n|---|---|---|\n";
  for (const ColumnInfo& column : columns) {
    text += "| `" + std::string(column.name) + "` | " + std::string(column.sql_type);
    if (!column.constraint.empty()) text += ", " + std::string(column.constraint);
    text += " | " + std::string(column.doc) + " |\n";
  }
}

}  // namespace

std::string schemaMarkdown() {
  std::string text =
      "# The database\n\n"
      "`tarry load FILE.tarry -o FILE.db` writes an ordinary SQLite file; `tarry query` uses the same "
      "tables.\n"
      "This page is generated from the declarations in `analyzer/tables.h` and "
      "`query/sql/functions.cc` (`tarry_schema_doc > "
      "docs/schema.md`).\n\n"
      "- `ts` and `dur` are nanoseconds; `ts` counts from the start of the trace, whose wall clock is in "
      "`meta`.\n"
      "- `*_id` references `id`, `upid` and `utid` reference `process` and `thread`: pids are reused, these "
      "are "
      "not.\n"
      "- Sizes are bytes. 64-bit unsigned values are stored as signed.\n"
      "- An interval that was still open at the end of the recording has `dur` NULL; count it to `end_ts` in "
      "`meta`.\n"
      "- Text that is not valid UTF-8 is stored as BLOB.\n"
      "- What the recording cannot know is NULL.\n\n"
      "## Contents\n\n";
  for (const TableInfo& table : allTables()) {
    text += "- [`" + std::string(table.name) + "`](#" + std::string(table.name) + ")\n";
  }
  for (const ViewInfo& view : allViews()) {
    text += "- [`" + std::string(view.name) + "`](#" + std::string(view.name) + ") (view)\n";
  }
  text += "- [functions](#functions)\n";
  for (const TableInfo& table : allTables()) {
    text += "\n## `" + std::string(table.name) + "`\n\n" + std::string(table.doc) + "\n";
    appendColumns(text, table.columns);
  }
  for (const ViewInfo& view : allViews()) {
    text += "\n## `" + std::string(view.name) + "`\n\nView. " + std::string(view.doc) + "\n";
    appendColumns(text, view.columns);
    text += "\n```sql\n" + std::string(view.sql) + "\n```\n";
  }
  return text;
}

}  // namespace tarry
