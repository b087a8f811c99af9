// Databases that analyzer/bulk/ wrote, as SQLite sees them: sound, and with the rows that SQLite itself
// would have stored.
#include <sqlite3.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "analyzer/bulk/bulk_table.h"
#include "format/errors.h"

using namespace tarry;
using namespace tarry::bulk;

namespace {

struct Row {
  int64_t id = 0;
  NullableInteger maybe;
  int64_t when = 0;
  Label label;
  std::string_view text;
  Bytes bytes;
};
constexpr Table<Row, 6> kRows{"t",
                              "",
                              {{{"id", &Row::id, "", "PRIMARY KEY"},
                                {"maybe", &Row::maybe, ""},
                                {"at", &Row::when, ""},
                                {"label", &Row::label, ""},
                                {"text", &Row::text, ""},
                                {"bytes", &Row::bytes, ""}}},
                              {"maybe, at", "at"}};

struct KeyRow {
  int64_t first = 0;
  int64_t second = 0;
  std::string_view text;
};
constexpr Table<KeyRow, 3> kKeyed{
    "k",
    "",
    {{{"first", &KeyRow::first, ""}, {"second", &KeyRow::second, ""}, {"text", &KeyRow::text, ""}}},
    {},
    "first, second"};
constexpr Table<KeyRow, 3> kNumbered{
    "n",
    "",
    {{{"first", &KeyRow::first, ""}, {"second", &KeyRow::second, ""}, {"text", &KeyRow::text, ""}}},
    {"first"}};

void createTables(Database& db) {
  db.execute(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, maybe INTEGER, at INTEGER, label TEXT, text TEXT, bytes BLOB);"
      "CREATE TABLE k (first INTEGER, second INTEGER, text TEXT, PRIMARY KEY (first, second)) WITHOUT ROWID;"
      "CREATE TABLE n (first INTEGER, second INTEGER, text TEXT);"
      "CREATE INDEX t_1 ON t (maybe, at); CREATE INDEX t_2 ON t (at); CREATE INDEX n_1 ON n (first)");
}

std::string all(Database& db, std::string_view sql) {
  Statement statement = db.prepare(sql);
  std::string text;
  while (statement.step()) {
    for (int i = 0; i < statement.columnCount(); i++) {
      text += std::to_string(statement.type(i)) + ":";
      text += statement.text(i);
      text += '|';
    }
    text += '\n';
  }
  return text;
}

std::string one(Database& db, std::string_view sql) {
  Statement statement = db.prepare(sql);
  return statement.step() ? std::string(statement.text(0)) : "no row";
}

// Both ways at once.
class Both {
 public:
  explicit Both(DatabaseImage& image)
      : rows_(image),
        keyed_(image),
        numbered_(image),
        into_rows_((createTables(db), db)),
        into_keyed_(db),
        into_numbered_(db) {}
  void insert(const Row& row) {
    rows_.insert(row);
    into_rows_.insert(row);
  }
  void insertKeyed(const KeyRow& row) {
    keyed_.insert(row);
    into_keyed_.insert(row);
  }
  void insertNumbered(const KeyRow& row) {
    numbered_.insert(row);
    into_numbered_.insert(row);
  }
  void finish() {
    rows_.finish();
    keyed_.finish();
    numbered_.finish();
  }
  Database db;

 private:
  BulkTable<kRows> rows_;
  BulkTable<kKeyed> keyed_;
  BulkTable<kNumbered> numbered_;
  Inserter<kRows> into_rows_;
  Inserter<kKeyed> into_keyed_;
  Inserter<kNumbered> into_numbered_;
};

void checkSame(Database& db, Database& expected) {
  CHECK(one(db, "PRAGMA integrity_check") == "ok");
  for (const std::string_view sql :
       {"SELECT * FROM t ORDER BY id", "SELECT * FROM k ORDER BY first, second",
        "SELECT rowid, * FROM n ORDER BY rowid", "SELECT id FROM t INDEXED BY t_1 ORDER BY maybe, at, id",
        "SELECT id FROM t INDEXED BY t_2 ORDER BY at, id",
        "SELECT rowid FROM n INDEXED BY n_1 ORDER BY first, rowid"}) {
    INFO(sql);
    CHECK((all(db, sql) == all(expected, sql)));
  }
}

// SQLite goes on with the pages as if they were its own.
void useOn(Database& db) {
  db.execute(
      "DELETE FROM t WHERE id % 3 = 0; UPDATE t SET maybe = id, text = text || 'more' WHERE id % 5 = 0;"
      "DELETE FROM k WHERE second % 2 = 0; INSERT INTO k SELECT first + 1000000, second, text FROM k;"
      "DELETE FROM n WHERE rowid % 4 = 1; INSERT INTO n SELECT * FROM n;"
      "INSERT INTO t (maybe, at, text) SELECT at, maybe, bytes FROM t");
}

int64_t oddInteger(std::mt19937_64& random) {
  const auto bits = static_cast<unsigned>(random() % 65);
  const uint64_t value = bits == 0 ? 0 : random() >> (64U - bits);
  return static_cast<int64_t>(random() % 2 == 0 ? value : ~value);
}

std::string someText(std::mt19937_64& random, size_t longest) {
  // Mostly short, sometimes around where it no longer fits on a page, sometimes much longer.
  const size_t kind = random() % 20;
  const size_t size = kind < 15   ? random() % 30
                      : kind < 19 ? random() % (longest / 2 + 1)
                                  : random() % (3 * longest);
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  return text;
}

void fill(Both& both, size_t rows, size_t longest, std::mt19937_64& random) {
  int64_t key = -3;
  for (size_t i = 1; i <= rows; i++) {
    const std::string text = someText(random, longest), bytes = someText(random, longest);
    Row row;
    row.id = key += 1 + static_cast<int64_t>(random() % 3 == 0 ? random() % 1000 : 0);
    if (random() % 3 != 0)
      row.maybe = random() % 2 == 0 ? static_cast<int64_t>(random() % 7) : oddInteger(random);
    row.when = random() % 10 == 0 ? oddInteger(random) : static_cast<int64_t>(i * 100);
    if (random() % 2 == 0) row.label = Label("even");
    row.text = random() % 9 == 0 ? std::string_view("no\xfftext") : std::string_view(text);
    row.bytes = {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
    both.insert(row);
    both.insertKeyed({key / 4, key % 4 + 4, text});
    both.insertNumbered({oddInteger(random), row.when, bytes});
  }
}

}  // namespace

TEST_CASE("Pages written in bulk are what SQLite would have stored", "[bulk]") {
  // Small pages make deep trees.
  for (const size_t page_size : {512U, 1024U, 8192U, 65536U}) {
    for (const size_t rows : {0U, 1U, 2U, 7U, 40U, 1'000U, 6'000U}) {
      INFO("pages of " << page_size << ", rows " << rows);
      std::mt19937_64 random(page_size + rows);
      DatabaseImage image(createTables, page_size);
      Both both(image);
      // Not the largest pages full of overflow: that takes its time and shows nothing new.
      fill(both, rows, std::min<size_t>(page_size, 4096), random);
      both.finish();
      Database db = image.open();
      checkSame(db, both.db);
      useOn(db);
      useOn(both.db);
      checkSame(db, both.db);
      db.execute("VACUUM");
      CHECK(one(db, "PRAGMA integrity_check") == "ok");
    }
  }
}

TEST_CASE("Every length around the ends of a page", "[bulk]") {
  constexpr size_t kPage = 512;
  DatabaseImage image(createTables, kPage);
  Both both(image);
  const std::string text(4 * kPage, 'x');
  int64_t id = 0;
  for (size_t size = 0; size < text.size(); size++) {
    const std::string_view some = std::string_view(text).substr(0, size);
    both.insert({.id = ++id, .maybe = {}, .when = 0, .label = {}, .text = some, .bytes = {}});
    both.insertKeyed({id, 0, some});
    both.insertNumbered({0, 0, some});
  }
  both.finish();
  Database db = image.open();
  checkSame(db, both.db);
}

TEST_CASE("Integers of every size, and the wide ends of keys", "[bulk]") {
  DatabaseImage image(createTables, 512);
  Both both(image);
  std::vector<int64_t> numbers = {INT64_MIN, INT64_MAX};
  for (unsigned bits = 0; bits < 63; bits++) {
    for (const int64_t off : {-1, 0, 1}) {
      numbers.push_back((int64_t{1} << bits) + off);
      numbers.push_back(-(int64_t{1} << bits) + off);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  for (const int64_t number : numbers) {
    both.insert({.id = number, .maybe = number, .when = ~number, .label = {}, .text = {}, .bytes = {}});
    both.insertKeyed({number, number, {}});
  }
  both.finish();
  Database db = image.open();
  checkSame(db, both.db);
}

TEST_CASE("The page of SQLite's locks stays empty", "[bulk]") {
  // SQLite lets tests move it (SQLITE_TESTCTRL_PENDING_BYTE), since a gigabyte is much to write.
  constexpr uint64_t kLockByte = 64 * 1024;
  const int normal = sqlite3_test_control(SQLITE_TESTCTRL_PENDING_BYTE, static_cast<unsigned>(kLockByte));
  {
    std::mt19937_64 random(1);
    DatabaseImage image(createTables, 512, kLockByte);
    Both both(image);
    fill(both, 1'000, 1'000, random);
    both.finish();
    CHECK(image.pages().count() > 2 * kLockByte / 512);
    Database db = image.open();
    checkSame(db, both.db);
    useOn(db);
    CHECK(one(db, "PRAGMA integrity_check") == "ok");
  }
  sqlite3_test_control(SQLITE_TESTCTRL_PENDING_BYTE, normal);
}

TEST_CASE("A file is written as memory is, and rows out of order are refused", "[bulk]") {
  std::string path = "/tmp/tarry-bulk-test-XXXXXX";
  const int fd = mkstemp(path.data());
  REQUIRE(fd >= 0);
  close(fd);
  {
    std::mt19937_64 random(7);
    DatabaseImage image(path, "t.db", createTables);
    Both both(image);
    fill(both, 3'000, 8192, random);
    both.finish();
    Database db = image.open();
    checkSame(db, both.db);
  }
  Database db(path, true);
  CHECK(one(db, "PRAGMA integrity_check") == "ok");
  CHECK(one(db, "SELECT count(*) FROM t") == "3000");
  CHECK(unlink(path.c_str()) == 0);

  DatabaseImage image(createTables);
  BulkTable<kRows> table(image);
  Row row;
  row.id = 2;
  table.insert(row);
  CHECK_THROWS_AS(table.insert(row), std::logic_error);
  CHECK_THROWS_AS(DatabaseImage("/nowhere/t.db", "t.db", createTables), TraceError);
}
