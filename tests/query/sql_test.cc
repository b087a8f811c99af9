// SQL functions, the shell, canned reports.
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "analyzer/schema.h"
#include "format/errors.h"
#include "query/sql/functions.h"
#include "query/sql/reports.h"
#include "query/sql/run_sql.h"
#include "query/sql/shell.h"
#include "tests/query/db_builder.h"

using namespace tarry;
using tarry::testing::DbBuilder;

namespace {

void someRecording(DbBuilder& b) {
  b.meta("target_kind", "command");
  b.meta("root_upid", "1");
  b.meta("end_ts", "100000000");
  b.process(1, 0, "sh", 0, 100);
  b.process(2, 1, "cat", 10, 95);
  b.socket(1, "10.0.0.1", 80);
  b.resource(2, "file", "/tmp/x", "/tmp/x");
  b.run(1, 10)
      .wait(1, 95, {.kind = "child", .call = "wait4", .waker = 2, .waker_call = "exit_group"})
      .queue(1, 96)
      .run(1, 100);
  b.run(2, 20)
      .wait(2, 60, {.kind = "network", .call = "recvfrom", .resource = 1})
      .wait(2, 70, {.kind = "lock", .call = "futex", .waker = 1});
  b.wait(2, 80, {.kind = "unknown", .call = "bpf"})
      .wait(2, 90, {.kind = "disk", .call = "read", .resource = 2})
      .run(2, 95);
  b.call(2, 20, 40, "recvfrom", 10, {}, 1, 10);
  b.call(2, 60, 1, "openat", -1, "ENOENT", 0, -1, "/nothing");
  b.call(2, 61, 1, "openat", 3, {}, 2, -1, "/tmp/x");
  b.call(2, 80, 10, "read", 100, {}, 2, 100);
  b.db().execute("INSERT INTO exec (ts, upid, utid, comm, exe) VALUES (0, 1, 1, 'sh', '/bin/sh')");
  b.db().execute(
      "INSERT INTO clock (ts, boottime, monotonic, realtime) VALUES (0, 0, 0, 1700000000000000000)");
  b.db().execute("INSERT INTO loss (ts, dur, source, count) VALUES (0, 1, 'syscalls', 3)");
  guardForQueries(b.db());
}

std::string sql(DbBuilder& b, std::string_view text, RowFormat format = RowFormat::csv) {
  std::ostringstream out;
  runSql(b.db(), text, format, {}, out);
  return out.str();
}

std::string script(DbBuilder& b, const std::string& text, std::string* errors = nullptr,
                   int* status = nullptr) {
  std::istringstream in(text);
  std::ostringstream out, err;
  SqlShell shell(b.db(), RowFormat::csv, {}, out, err);
  const int result = shell.runScript(in);
  if (status != nullptr) *status = result;
  if (errors != nullptr) *errors = err.str();
  return out.str();
}

}  // namespace

TEST_CASE("SQL functions say durations, sizes and names") {
  DbBuilder b;
  someRecording(b);
  CHECK(sql(b,
            "SELECT duration(1500000) d, duration(NULL) n, size(2048) s, errno_name(2) e, errno_name(-2) f, "
            "signal_name(15) g") == "d,n,s,e,f,g\n1.50 ms,,2.00 KiB,ENOENT,ENOENT,SIGTERM\n");
  CHECK(sql(b, "SELECT errno_name(99999) e, signal_name(0) s, errno_name(-9223372036854775807) x") ==
        "e,s,x\n,,\n");
  CHECK(sql(b, "SELECT kernel_area('x86-64', 'read', 'tty', '/dev/tty') a") == "a\nterminal\n");
  ::setenv("TZ", "UTC", 1);
  CHECK(sql(b, "SELECT wall_clock(1500000) w") == "w\n2023-11-14 22:13:20.001500\n");
}

TEST_CASE("percentile is an aggregate") {
  DbBuilder b;
  someRecording(b);
  CHECK(sql(b,
            "WITH t(x) AS (VALUES (5), (1), (NULL), (3), (2), (4)) SELECT percentile(x, 0.5) m, "
            "percentile(x, 1) h,"
            " percentile(x, 0) l FROM t") == "m,h,l\n3,5,1\n");
  CHECK(sql(b, "SELECT percentile(1, 0.5) p WHERE 0") == "p\n\n");
  CHECK(sql(b, "WITH t(x) AS (VALUES (1.5)) SELECT percentile(x, 0.9) p FROM t") == "p\n1.5\n");
  CHECK_THROWS_WITH(sql(b, "SELECT percentile(1, 7)"), Catch::Contains("from 0 to 1"));
}

TEST_CASE("wait_path and wait_behind open the rule whose wait counts to SQL") {
  DbBuilder b;
  someRecording(b);
  CHECK(sql(b, "SELECT sum(dur) total, count(*) > 5 many FROM wait_path(1)") == "total,many\n100000000,1\n");
  CHECK(sql(b, "SELECT sum(dur) ms FROM wait_path(1) WHERE wait_kind = 'network'") == "ms\n40000000\n");
  CHECK(sql(b,
            "SELECT sum(w.dur) ms FROM thread_state s, wait_behind(s.id) w WHERE s.wait_kind = 'child' AND "
            "w.upid = 2") == "ms\n85000000\n");
  CHECK(sql(b, "SELECT count(*) n FROM wait_path(12345)") == "n\n0\n");
  CHECK_THROWS_WITH(sql(b, "SELECT * FROM wait_path"), Catch::Contains("wait_path(upid)"));
}

TEST_CASE("queries cannot write, attach or hide their errors") {
  DbBuilder b;
  someRecording(b);
  CHECK_THROWS_AS(sql(b, "DELETE FROM process"), UsageError);
  CHECK_THROWS_AS(sql(b, "CREATE TABLE x(y)"), UsageError);
  CHECK_THROWS_AS(sql(b, "ATTACH '/tmp/tarry-test-attach.db' AS x"), UsageError);
  CHECK_FALSE(std::filesystem::exists("/tmp/tarry-test-attach.db"));
  CHECK_THROWS_WITH(sql(b, "SELEC 1"), Catch::Contains("syntax error"));
  CHECK_THROWS_WITH(sql(b, "SELECT * FROM no_table"), Catch::Contains("no such table: no_table"));
}

TEST_CASE("several statements, comments and empty ones") {
  DbBuilder b;
  someRecording(b);
  CHECK(sql(b, "SELECT 1 AS a; -- and\n;; SELECT 2 AS b; /* end */ -- here") == "a\n1\n\nb\n2\n");
  CHECK(sql(b, "") == "");
  // One document, whatever the number of results.
  CHECK(sql(b, "SELECT 1 AS a; SELECT 2 AS b; ; -- end", RowFormat::json) ==
        "[\n[\n{\"a\": 1}\n]\n,\n[\n{\"b\": 2}\n]\n]\n");
  CHECK(sql(b, "SELECT 1 AS a; ; -- end", RowFormat::json) == "[\n{\"a\": 1}\n]\n");
  CHECK(sql(b, "SELECT x'00ff41' AS b, CAST(x'c3' AS TEXT) AS t", RowFormat::json) ==
        "[\n{\"b\": {\"hex\": \"00ff41\"}, \"t\": \"\\\\xc3\"}\n]\n");
}

TEST_CASE("parameters are replaced outside of strings and comments") {
  CHECK(withParameters("SELECT :n, ':n', \":n\" -- :n\n, :name /* :n */", {{"n", "5"}, {"name", "o'k"}}) ==
        "SELECT 5, ':n', \":n\" -- :n\n, 'o''k' /* :n */");
  CHECK_THROWS_AS(withParameters("SELECT :missing", {}), UsageError);
  CHECK(withParameters("SELECT 'unterminated :x", {}) == "SELECT 'unterminated :x");
}

TEST_CASE("the shell runs statements over several lines and goes on after errors") {
  DbBuilder b;
  someRecording(b);
  std::string errors;
  int status = 0;
  CHECK(script(b, "SELECT\n 1 AS a\n;\nSELECT bad;\nSELECT 2 AS b", &errors, &status) == "a\n1\nb\n2\n");
  CHECK(errors == "tarry: SQL: no such column: bad\n");
  CHECK(status == 1);
  CHECK(script(b, "SELECT 1 AS a;\n.quit\nSELECT 2;", &errors, &status) == "a\n1\n");
  CHECK(status == 0);
}

TEST_CASE("the shell's dot commands") {
  DbBuilder b;
  someRecording(b);
  std::string errors;
  CHECK(script(b, ".tables\n").find("thread_state,table\n") != std::string::npos);
  CHECK(script(b, ".schema process\n").find("CREATE TABLE") != std::string::npos);
  CHECK(script(b, ".mode json\nSELECT 1 AS a;\n") == "[\n{\"a\": 1}\n]\n");
  const std::string help = script(b, ".help\n");
  CHECK(help.find(".tables") != std::string::npos);
  CHECK(help.find("wait_behind(state_id)") != std::string::npos);
  CHECK(script(b, "@losses\n").find("syscalls,3") != std::string::npos);
  script(b, ".mode xml\n.nonsense\n.schema nothing\n@nothing\n", &errors);
  CHECK(std::count(errors.begin(), errors.end(), '\n') == 4);
  CHECK(errors.find("unknown command '.nonsense'") != std::string::npos);
}

TEST_CASE("a report's comments are its documentation") {
  const Report r = parseReport(
      "x", "built in",
      "-- What it shows.\n-- More of it.\n-- parameter n=5: how many\nSELECT :n;\n-- no header\n");
  CHECK(r.description == "What it shows.");
  CHECK(r.details == "More of it.");
  REQUIRE(r.parameters.size() == 1);
  CHECK(r.parameters[0].name == "n");
  CHECK(r.parameters[0].value == "5");
  CHECK(r.parameters[0].doc == "how many");
}

TEST_CASE("every canned report is documented and runs") {
  const auto reports = allReports();
  CHECK(reports.size() >= 12);
  for (const Report& report : reports) {
    DbBuilder b;
    someRecording(b);
    INFO(report.name);
    CHECK_FALSE(report.description.empty());
    CHECK(report.description.ends_with('.'));
    std::ostringstream out;
    CHECK_NOTHROW(runReport(b.db(), report, {}, RowFormat::csv, {}, out));
    CHECK(out.str().size() > 5);
  }
}

TEST_CASE("canned reports answer") {
  DbBuilder b;
  someRecording(b);
  const auto run = [&](std::string_view name, const std::vector<std::string>& arguments = {}) {
    std::ostringstream out;
    runReport(b.db(), findReport(name), arguments, RowFormat::csv, {}, out);
    return out.str();
  };
  CHECK(run("longest-waits", {"limit=1", "kind=network"}).find("1002,cat,network,recvfrom,40.0 ms") !=
        std::string::npos);
  CHECK(run("slowest-calls", {"limit=1"}).find("recvfrom,40.0 ms") != std::string::npos);
  CHECK(run("failed-calls").find("openat,ENOENT,1,1,/nothing") != std::string::npos);
  CHECK(run("top-files").find("/tmp/x,100 B,0 B") != std::string::npos);
  CHECK(run("network-peers").find("10.0.0.1:80") != std::string::npos);
  CHECK(run("cpu-queue").find("1001,sh,,1.00 ms") != std::string::npos);
  CHECK(run("command-path").find("recvfrom") != std::string::npos);
  CHECK_THROWS_WITH(run("longest-wait"), Catch::Contains("did you mean longest-waits?"));
  CHECK_THROWS_WITH(run("longest-waits", {"nonsense=1"}), Catch::Contains("it has limit, kind"));
  CHECK_THROWS_AS(run("longest-waits", {"limit"}), UsageError);
}

TEST_CASE("the user's own reports are found and win") {
  const auto directory =
      std::filesystem::temp_directory_path() / ("tarry-reports-" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory / "tarry" / "reports");
  std::ofstream(directory / "tarry" / "reports" / "mine.sql") << "-- Mine.\nSELECT 42 AS answer;\n";
  std::ofstream(directory / "tarry" / "reports" / "losses.sql") << "-- My losses.\nSELECT 0 AS lost;\n";
  ::setenv("XDG_CONFIG_HOME", directory.c_str(), 1);
  DbBuilder b;
  someRecording(b);
  std::ostringstream out;
  runReport(b.db(), findReport("mine"), {}, RowFormat::csv, {}, out);
  CHECK(out.str() == "answer\n42\n");
  CHECK(findReport("losses").description == "My losses.");
  std::ostringstream list;
  listReports(RowFormat::table, {}, list);
  CHECK(list.str().find("mine.sql") != std::string::npos);
  ::unsetenv("XDG_CONFIG_HOME");
  std::filesystem::remove_all(directory);
}

TEST_CASE("every SQL function that is documented is there, with as many arguments") {
  DbBuilder b;
  registerFunctions(b.db());
  CHECK(sqlFunctions().size() >= 9);
  for (const SqlFunction& f : sqlFunctions()) {
    INFO(f.name);
    const bool table = f.kind == SqlFunctionKind::table;
    auto q = b.db().prepare(table ? "SELECT 1 FROM pragma_module_list WHERE name = ?1"
                                  : "SELECT narg FROM pragma_function_list WHERE name = ?1");
    q.bind(1, f.name);
    REQUIRE(q.step());
    const auto arguments = 1 + std::count(f.parameters.begin(), f.parameters.end(), ',');
    CHECK(q.integer(0) == (table ? 1 : arguments));
  }
}

TEST_CASE("docs/schema.md is what the declarations say") {
  std::ifstream file("docs/schema.md");
  std::ostringstream text;
  text << file.rdbuf();
  const bool fresh = text.str() == schemaMarkdown() + sqlFunctionsMarkdown();
  INFO("regenerate it: tarry_schema_doc > docs/schema.md");
  CHECK(fresh);
}
