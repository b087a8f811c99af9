#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "format/errors.h"
#include "format/readable.h"
#include "query/render/json.h"
#include "query/render/rows.h"
#include "query/render/units.h"

using namespace tarry;

TEST_CASE("durations have three significant digits and a unit") {
  CHECK(formatDuration(0) == "0 ns");
  CHECK(formatDuration(999) == "999 ns");
  CHECK(formatDuration(1'000) == "1.00 µs");
  CHECK(formatDuration(12'345) == "12.3 µs");
  CHECK(formatDuration(999'499) == "999 µs");
  CHECK(formatDuration(999'500) == "1.00 ms");
  CHECK(formatDuration(2'110'000'000) == "2.11 s");
  CHECK(formatDuration(59'994'000'000) == "60.0 s");
  CHECK(formatDuration(59'995'000'000) == "1 min 00 s");
  CHECK(formatDuration(185'000'000'000) == "3 min 05 s");
  CHECK(formatDuration(2LL * 3600 * 1'000'000'000 + 7LL * 60 * 1'000'000'000) == "2 h 07 min");
  CHECK(formatDuration(-5'000'000) == "-5.00 ms");
  CHECK(formatDuration(INT64_MIN).front() == '-');
}

TEST_CASE("sizes, counts and percentages") {
  CHECK(formatSize(512) == "512 B");
  CHECK(formatSize(1536) == "1.50 KiB");
  CHECK(formatSize(300ULL << 20) == "300 MiB");
  CHECK(formatSize(UINT64_MAX) == "16.0 EiB");
  CHECK(formatCount(999) == "999");
  CHECK(formatCount(5210) == "5,210");
  CHECK(formatCount(1234567) == "1,234,567");
  CHECK(formatPercent(95, 100) == "95%");
  CHECK(formatPercent(4, 1000) == "0.4%");
  CHECK(formatPercent(0, 100) == "0%");
  CHECK(formatPercent(1, 0) == "0%");
  CHECK(counted(1, "wait") == "1 wait");
  CHECK(counted(5210, "wait") == "5,210 waits");
  CHECK(counted(2, "process", "processes") == "2 processes");
}

TEST_CASE("parseDuration reads units and refuses the rest") {
  CHECK(parseDuration("2", "--to") == 2'000'000'000);
  CHECK(parseDuration("1.5s", "--to") == 1'500'000'000);
  CHECK(parseDuration("300us", "--to") == 300'000);
  CHECK(parseDuration("10m", "--to") == 600'000'000'000);
  CHECK(parseDuration("-1s", "--from") == -1'000'000'000);
  for (const char* bad : {"", "s", "5 parsecs", "1e30h", "nan", "inf s"})
    CHECK_THROWS_AS(parseDuration(bad, "--to"), UsageError);
}

TEST_CASE("text out of a trace cannot steer the terminal") {
  CHECK(printable("plain äöü") == "plain äöü");
  CHECK(printable("a\nb\tc") == "a\\nb\\tc");
  CHECK(printable("\033[2J") == "\\x1b[2J");
  CHECK(printable("\xff\xfe") == "\\xff\\xfe");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\xc2\\x9b31m");
  CHECK(printable(std::string_view("nul\0here", 8)) == "nul\\x00here");
  CHECK(displayWidth("äöü") == 3);
  CHECK(displayWidth("\033[1mab\033[0m") == 2);
  CHECK(cutTo("abcdef", 4) == "abc…");
  CHECK(cutTo("abc", 4) == "abc");
  CHECK(cutTo("abc", 0) == "abc");
  CHECK(elidePath("/usr/lib/python3/apis/dns.py", 19) == "/usr/…/apis/dns.py");
  CHECK(elidePath("/usr/lib/python3/apis/dns.py", 28) == "/usr/lib/python3/apis/dns.py");
  CHECK(elidePath("/usr/lib/python3/apis/dns.py", 8) == "…/dns.py");
  CHECK(elidePath("/usr/lib/python3/apis/dns.py", 4) == "dns…");
  CHECK(elidePath("/long-name-of-a-file", 8) == "long-na…");
  CHECK(elidePath("no path at all", 8) == "no path…");
  CHECK(elidePath("", 8).empty());
  CHECK(wrapText("one two three", 7, "  ") == "one two\n  three");
  CHECK(wrapText("longer than that", 4, "") == "longer\nthan\nthat");
}

namespace {

const std::vector<RowColumn> kColumns = {
    {"name", "", Align::left}, {"total_ns", "total", Align::right}, {"note", "", Align::automatic}};

std::string written(RowFormat format) {
  std::ostringstream out;
  const std::vector<std::vector<Cell>> rows = {
      {Cell("read"), Cell::duration(1'500'000), Cell()},
      {Cell("a,\"b\"|\n"), Cell::duration(20), Cell(2.5)},
  };
  writeRows(format, {}, out, kColumns, rows);
  return out.str();
}

}  // namespace

TEST_CASE("rows as a table are aligned and safe") {
  CHECK(written(RowFormat::table) ==
        "name        total  note\n"
        "read      1.50 ms\n"
        "a,\"b\"|\\n    20 ns   2.5\n");
}

TEST_CASE("rows as CSV, TSV, JSON and Markdown") {
  CHECK(written(RowFormat::csv) == "name,total_ns,note\nread,1500000,\n\"a,\"\"b\"\"|\n\",20,2.5\n");
  CHECK(written(RowFormat::tsv) == "name\ttotal_ns\tnote\nread\t1500000\t\na,\"b\"|\\n\t20\t2.5\n");
  CHECK(written(RowFormat::json) ==
        "[\n{\"name\": \"read\", \"total_ns\": 1500000, \"note\": null},\n"
        "{\"name\": \"a,\\\"b\\\"|\\n\", \"total_ns\": 20, \"note\": 2.5}\n]\n");
  CHECK(written(RowFormat::markdown) ==
        "| name | total | note |\n| --- | ---: | --- |\n| read | 1.50 ms |  |\n| a,\"b\"\\|\\\\n | 20 ns | "
        "2.5 |\n");
  std::ostringstream none;
  writeRows(RowFormat::json, {}, none, kColumns, {});
  CHECK(none.str() == "[]\n");
  CHECK_THROWS_AS(parseRowFormat("xml"), UsageError);
}

TEST_CASE("a table is cut to the terminal's width, also when colored") {
  std::ostringstream out;
  Cell path(std::string(100, 'x'));
  path.ink = Ink::red;
  writeRows(RowFormat::table, {.color = true, .width = 20}, out,
            std::vector<RowColumn>{{"path", "", Align::left}}, std::vector<std::vector<Cell>>{{path}});
  std::istringstream lines(out.str());
  std::string line;
  while (std::getline(lines, line)) CHECK(displayWidth(line) <= 20);
  CHECK(out.str().find("\033[31m") != std::string::npos);
}

TEST_CASE("a table leaves out the columns it can spare where it is wider than the terminal") {
  const std::vector<RowColumn> columns = {{"id", "", Align::right},
                                          {"type", "", Align::left, 2},
                                          {"size", "", Align::right, 1},
                                          {"url", "", Align::left}};
  const std::vector<std::vector<Cell>> rows = {
      {Cell(int64_t{1}), Cell("text/html"), Cell(int64_t{12}), Cell("http://example.org/a/long/path")}};
  const auto at = [&](int width) {
    std::ostringstream out;
    writeRows(RowFormat::table, {.color = false, .width = width}, out, columns, rows);
    return out.str();
  };
  CHECK(at(80).find("text/html  ") != std::string::npos);
  CHECK(at(40) ==
        "id  size  url\n 1    12  http://example.org/a/long/path\n(a wider terminal also shows: type)\n");
  CHECK(at(30).find("size  url") == std::string::npos);
  CHECK(at(30).find("id  url") != std::string::npos);
}

TEST_CASE("tables of many rows do not wait for the last one") {
  std::ostringstream out;
  const auto writer = makeRowWriter(RowFormat::table, {}, out);
  writer->begin(std::vector<RowColumn>{{"n", "", Align::automatic}});
  for (int64_t i = 0; i < 20'000; ++i) writer->row(std::vector<Cell>{Cell(i)});
  CHECK(out.str().size() > 10'000);
  writer->end();
  const std::string text = out.str();
  CHECK(std::count(text.begin(), text.end(), '\n') == 20'001);
}

TEST_CASE("JSON strings keep bytes that are not UTF-8") {
  CHECK(jsonString("a\"\\\n\x01ü") == "\"a\\\"\\\\\\n\\u0001ü\"");
  CHECK(jsonString("\xff") == "\"\\\\xff\"");
}

TEST_CASE("JsonOut nests and indents") {
  std::ostringstream out;
  JsonOut json(out);
  json.beginObject();
  json.number("n", 1);
  json.number("none", std::optional<int64_t>());
  json.beginArray("list");
  json.text({}, "a");
  json.truth({}, true);
  json.endArray();
  json.beginObject("empty");
  json.endObject();
  json.endObject();
  CHECK(out.str() ==
        "{\n  \"n\": 1,\n  \"none\": null,\n  \"list\": [\n    \"a\",\n    true\n  ],\n  \"empty\": {}\n}\n");
}
