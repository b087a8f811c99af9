#include "analyzer/schema.h"

#include <catch2/catch.hpp>

#include "analyzer/tables.h"
#include "format/errors.h"

using namespace tarry;

TEST_CASE("createSchema makes every declared table and view", "[schema]") {
  Database db;
  createSchema(db);
  createIndexes(db);
  for (const TableInfo& table : allTables()) {
    Statement select = db.prepare("SELECT * FROM " + std::string(table.name));
    CHECK(select.columnCount() == static_cast<int>(table.columns.size()));
    CHECK_FALSE(select.step());
  }
  for (const ViewInfo& view : allViews()) {
    Statement select = db.prepare("SELECT * FROM " + std::string(view.name));
    REQUIRE(select.columnCount() == static_cast<int>(view.columns.size()));
    for (size_t i = 0; i < view.columns.size(); i++) {
      CHECK(select.columnName(static_cast<int>(i)) == view.columns[i].name);
    }
    CHECK_FALSE(select.step());
  }
}

TEST_CASE("Inserter binds again only what changed", "[schema]") {
  Database db;
  createSchema(db);
  Inserter<tables::kThreadState> inserter(db);
  tables::ThreadStateRow row;
  row.id = 1;
  row.utid = 7;
  row.state = Label("running");
  row.cpu = 3;
  inserter.insert(row);
  row.id = 2;
  row.cpu = std::nullopt;
  row.state = Label("blocked");
  row.dur = 0;
  row.call_name = Label("read");
  inserter.insert(row);
  row.id = 3;
  row.call_name = {};
  row.cpu = -1;
  inserter.insert(row);

  Statement select = db.prepare("SELECT state, cpu, dur, call_name, utid FROM thread_state ORDER BY id");
  REQUIRE(select.step());
  CHECK(select.text(0) == "running");
  CHECK(select.integer(1) == 3);
  CHECK(select.isNull(2));
  REQUIRE(select.step());
  CHECK(select.text(0) == "blocked");
  CHECK(select.isNull(1));
  CHECK_FALSE(select.isNull(2));
  CHECK(select.text(3) == "read");
  REQUIRE(select.step());
  CHECK(select.integer(1) == -1);
  CHECK(select.isNull(3));
  CHECK(select.integer(4) == 7);
}

TEST_CASE("Text that is not UTF-8, or has a NUL, is stored as BLOB", "[schema]") {
  Database db;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"plain", "text"},
      {"gr\xc3\xbc\xc3\x9f", "text"},
      {"\xe2\x82\xac\xf0\x9f\x98\x80", "text"},
      {"\xff", "blob"},
      {"\xc3", "blob"},
      {"\xc0\x80", "blob"},
      {"\xed\xa0\x80", "blob"},
      {std::string("a\0b", 3), "blob"},
      {"\xf4\x90\x80\x80", "blob"},
      {"", "text"},
  };
  for (const auto& [value, type] : cases) {
    Statement select = db.prepare("SELECT typeof(?1), ?1");
    select.bind(1, std::string_view(value));
    REQUIRE(select.step());
    CHECK(select.text(0) == type);
    CHECK(select.text(1) == value);
  }
}

TEST_CASE("Database reports bad SQL and bad files in one line", "[schema]") {
  Database db;
  CHECK_THROWS_AS(db.prepare("SELEKT 1"), UsageError);
  CHECK_THROWS_AS(db.execute("SELECT * FROM nowhere"), UsageError);
  CHECK_THROWS_AS(Database("/nowhere/at/all.db", true), TraceError);
  db.execute("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2); -- done\n");
  Statement count = db.prepare("SELECT count(*) FROM t");
  REQUIRE(count.step());
  CHECK(count.integer(0) == 2);
}
