#include "analyzer/batch_inserter.h"

#include <catch2/catch.hpp>

#include "format/errors.h"

using namespace tarry;

namespace {

struct Row {
  int64_t id = 0;
  NullableInteger maybe;
  Label label;
  std::string_view text;
};
constexpr Table<Row, 4> kRows{"t",
                              "",
                              {{{"id", &Row::id, "", "PRIMARY KEY"},
                                {"maybe", &Row::maybe, ""},
                                {"label", &Row::label, ""},
                                {"text", &Row::text, ""}}}};

std::string one(Database& db, std::string_view sql) {
  Statement statement = db.prepare(sql);
  return statement.step() ? std::string(statement.text(0)) : "no row";
}

}  // namespace

TEST_CASE("Batched rows are all there, whole and in order", "[batch]") {
  for (const int64_t rows : {0, 1, 255, 256, 257, 1'000}) {
    Database db;
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, maybe INTEGER, label TEXT, text TEXT)");
    {
      BatchInserter<kRows> into(db);
      for (int64_t i = 1; i <= rows; i++) {
        // Text that is gone when the batch is written.
        const std::string text = "text " + std::to_string(i) + std::string(static_cast<size_t>(i % 50), '.');
        into.insert({i, i % 3 == 0 ? NullableInteger() : i * 2, i % 2 == 0 ? Label("even") : Label(), text});
      }
      into.flush();
      into.flush();
    }
    INFO(rows);
    CHECK(one(db, "SELECT count(*) FROM t") == std::to_string(rows));
    CHECK(one(db,
              "SELECT count(*) FROM t WHERE maybe IS (CASE WHEN id % 3 THEN id * 2 END) AND "
              "label IS (CASE WHEN id % 2 = 0 THEN 'even' END) AND typeof(text) = 'text' AND "
              "text = 'text ' || id || substr('..................................................', 1, id % "
              "50)") == std::to_string(rows));
    CHECK(one(db, "SELECT count(*) FROM sqlite_temp_schema") == "0");
  }
}

TEST_CASE("What is no text goes in as a blob, and nothing as NULL", "[batch]") {
  Database db;
  db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, maybe INTEGER, label TEXT, text TEXT)");
  BatchInserter<kRows> into(db);
  into.insert({1, {}, Label("\xff", true), "a\xc0"});
  into.insert({2, {}, {}, {}});
  into.insert({3, {}, Label(""), ""});
  into.flush();
  CHECK(one(db, "SELECT group_concat(typeof(label) || ' ' || typeof(text), ', ') FROM t") ==
        "blob blob, null null, text text");
}

TEST_CASE("A batch that SQLite refuses is an error", "[batch]") {
  Database db;
  db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, maybe INTEGER, label TEXT, text TEXT)");
  BatchInserter<kRows> into(db);
  into.insert({1, {}, {}, "a"});
  into.insert({1, {}, {}, "b"});
  CHECK_THROWS_AS(into.flush(), Error);
}
