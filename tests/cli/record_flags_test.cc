#include "cli/record_flags.h"

#include <catch2/catch.hpp>
#include <vector>

#include "cli/flag_set.h"
#include "format/errors.h"

using namespace tarry;
using namespace tarry::cli;

namespace {

RecordOptions parse(std::vector<std::string> words) {
  FlagSet verb;
  RecordFlags flags;
  declareCommand(verb, flags);
  declareTargets(verb, flags);
  declareRecording(verb, flags);
  verb.parse(words);
  return toRecordOptions(verb, flags);
}

std::string errorOf(std::vector<std::string> words) {
  try {
    parse(std::move(words));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Flags end at the command's name") {
  using Words = std::vector<std::string>;
  CHECK(parse({"-o", "x", "ls", "-l", "-o", "y"}).command == Words{"ls", "-l", "-o", "y"});
  CHECK(parse({"-o", "x", "ls", "-l", "-o", "y"}).output == "x");
  CHECK(parse({"--", "ls", "-l"}).command == Words{"ls", "-l"});
  CHECK(parse({"--", "-odd"}).command == Words{"-odd"});
  CHECK(parse({"ls", "--", "-l"}).command == Words{"ls", "--", "-l"});
  CHECK(parse({"sh", "-c", "", "[a,b]", "--help"}).command == Words{"sh", "-c", "", "[a,b]", "--help"});
  CHECK(parse({"[a,b]"}).command == Words{"[a,b]"});
}

TEST_CASE("An unknown flag in front of the command is refused") {
  CHECK(errorOf({"--bogus", "ls"}).find("no option '--bogus'") == 0);
  CHECK(errorOf({"-o", "x", "-z", "ls"}).find("no option '-z'") == 0);
}

TEST_CASE("Processes are listed by repeated flags, commas or spaces") {
  const RecordOptions options = parse({"-p", "1,2", "-p", "3", "-p", "4 5\n"});
  CHECK(options.target == TargetKind::pids);
  CHECK(options.pids == std::vector<int>{1, 2, 3, 4, 5});
  CHECK(errorOf({"-p", "x"}).find("-p: 'x' is no process id") == 0);
  CHECK(errorOf({"-p", "0"}).find("-p: '0'") == 0);
  CHECK(errorOf({"-p", "99999999999"}).find("-p: '99999999999'") == 0);
  CHECK(errorOf({"-p", ","}).find("-p needs") == 0);
}

TEST_CASE("There is one target") {
  CHECK(parse({"-a"}).target == TargetKind::all);
  CHECK(parse({"--unit", "shop"}).unit == "shop");
  CHECK(parse({"--cgroup", "/x"}).target == TargetKind::cgroup);
  CHECK(errorOf({"-a", "-p", "1"}).find("more than one target") == 0);
  CHECK(errorOf({"-a", "ls"}).find("more than one target") == 0);
}

TEST_CASE("Durations have units") {
  CHECK(parseTimeSpan("500ms", "--for") == 500'000'000);
  CHECK(parseTimeSpan("30s", "--for") == 30'000'000'000);
  CHECK(parseTimeSpan("2.5", "--for") == 2'500'000'000);
  CHECK(parseTimeSpan("5m", "--for") == 300'000'000'000);
  CHECK(parseTimeSpan("1h", "--for") == 3'600'000'000'000);
  for (const char* bad : {"", "x", "-1s", "0", "1y", "1e400", "nan", "inf", "1s ", "999999999d"}) {
    INFO(bad);
    CHECK_THROWS_AS(parseTimeSpan(bad, "--for"), UsageError);
  }
}

TEST_CASE("Sizes have units") {
  CHECK(parseByteCount("4096", "--max-size") == 4096);
  CHECK(parseByteCount("512K", "--max-size") == 512 * 1024);
  CHECK(parseByteCount("1.5M", "--max-size") == 1536 * 1024);
  CHECK(parseByteCount("2GiB", "--max-size") == 2ULL << 30);
  for (const char* bad : {"", "M", "-1", "0", "1X", "1e30"})
    CHECK_THROWS_AS(parseByteCount(bad, "--x"), UsageError);
}

TEST_CASE("Values that make no sense are refused before anything is started") {
  CHECK(errorOf({"--level", "all", "ls"}).find("--level: 'all' is none") == 0);
  CHECK(errorOf({"-s", "-3", "ls"}).find("--snaplen: '-3'") == 0);
  CHECK(errorOf({"--buffer", "1K", "ls"}).find("--buffer:") == 0);
  CHECK(errorOf({"--buffer", "100G", "ls"}).find("--buffer:") == 0);
  CHECK(errorOf({"--max-size", "1K", "ls"}).find("--max-size:") == 0);
  CHECK(parse({"-s", "all", "ls"}).snaplen == -1);
  CHECK(parse({"-s", "64", "ls"}).snaplen == 64);
  CHECK(parse({"ls"}).packet_bytes == 0);
  CHECK(parse({"--packets", "ls", "1500"}).packet_bytes == 192);
  CHECK(parse({"--packets", "ls", "1500"}).command == std::vector<std::string>{"ls", "1500"});
  CHECK(parse({"--packets=1500", "ls"}).packet_bytes == 1500);
  for (const char* bad : {"--packets=63", "--packets=1K", "--packets=99999", "--packets=-1"}) {
    INFO(bad);
    CHECK(errorOf({bad, "ls"}).find("--packets: '") == 0);
  }
  CHECK(parse({"--level", "waits", "ls"}).level == Level::waits);
}
