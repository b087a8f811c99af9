// Budgets: what --budget takes, and how they are judged.
#include "query/ci/budget.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "format/errors.h"
#include "query/ci/run_summary.h"
#include "query/render/markdown.h"
#include "query/time.h"
#include "query/why/why.h"
#include "tests/query/db_builder.h"

using namespace tarry;
using tarry::testing::DbBuilder;

TEST_CASE("budgets are lists of keys and durations, given once or more often") {
  const auto budgets = parseBudgets({"real=30s,network=2.5ms", "cpu-queue=0", "cpu=1m, disk = 7us"});
  REQUIRE(budgets.size() == 5);
  CHECK(budgets[0].key == "real");
  CHECK(budgets[0].allowed_ns == 30'000'000'000);
  CHECK(budgets[1].allowed_ns == 2'500'000);
  CHECK(budgets[2].key == "cpu-queue");
  CHECK(budgets[2].allowed_ns == 0);
  CHECK(budgets[3].allowed_ns == 60'000'000'000);
  CHECK(budgets[4].key == "disk");
  CHECK(budgets[4].allowed_ns == 7'000);
  CHECK(parseBudgets({"sleep=3ns,child=2h"})[0].allowed_ns == 3);
  CHECK(parseBudgets({}).empty());
}

TEST_CASE("every wait kind has a budget") {
  for (int kind = 1; kind < kWaitKinds; ++kind) {
    const std::string name(waitKindName(static_cast<WaitKind>(kind)));
    CHECK(parseBudgets({name + "=1s"}).at(0).key == name);
  }
}

TEST_CASE("what is no budget is refused in one line") {
  for (const char* word : {"", "real", "real=", "=1s", "rael=1s", "on CPU=1s", "real=fast", "real=1x",
                           "real=-1s", "real=1s,", ",real=1s", "real=1s,real=2s", "network=inf"}) {
    INFO(word);
    try {
      parseBudgets({word});
      FAIL("taken");
    } catch (const UsageError& error) {
      const std::string text = error.what();
      CHECK(text.starts_with("--budget"));
      CHECK(text.find('\n') == std::string::npos);
    }
  }
  CHECK_THROWS_WITH(parseBudgets({"rael=1s"}), Catch::Contains("'rael'") && Catch::Contains("cpu-queue"));
  CHECK_THROWS_AS(parseBudgets({"real=1s", "real=1s"}), UsageError);
}

TEST_CASE("a budget is missed by more than it allows, not by all of it") {
  Measures measures;
  measures.real_ns = 1000;
  measures.cpu_ns = 900;
  measures.waits_ns[static_cast<size_t>(WaitKind::network)] = 50;
  const auto verdicts = judge(parseBudgets({"real=1us,cpu=899ns,network=49ns,disk=0"}), measures);
  REQUIRE(verdicts.size() == 4);
  CHECK_FALSE(verdicts[0].missed());
  CHECK(verdicts[1].missed());
  CHECK(verdicts[2].missed());
  CHECK(verdicts[2].measured_ns == 50);
  CHECK_FALSE(verdicts[3].missed());
  CHECK(anyMissed(verdicts));
  CHECK_FALSE(anyMissed({verdicts[0], verdicts[3]}));
  CHECK_FALSE(anyMissed({}));
  CHECK(verdicts[2].text() == "network took 50 ns, allowed are 49 ns");
}

namespace {

// make waits 60 ms for cc, which waits 30 ms for the network; 10 ms for the disk itself.
void build(DbBuilder& b) {
  b.meta("target_kind", "command");
  b.meta("target", "make all");
  b.meta("level", "syscalls");
  b.meta("backend", "bpf");
  b.process(1, 0, "make all", 0, 100, 2);
  b.process(2, 1, "cc a|b.c", 20, 80, 0);
  b.run(1, 20)
      .wait(1, 80, {.kind = "child", .call = "wait4", .waker = 2})
      .wait(1, 90, {.kind = "disk", .call = "read"})
      .run(1, 100);
  b.run(2, 40).wait(2, 70, {.kind = "network", .call = "connect"}).run(2, 80);
}

std::string markdown(DbBuilder& b, const std::vector<std::string>& budgets, std::optional<int> status = {}) {
  const RunSummary run(b.db(), nullptr, {movedFromTables(b.db()), failedCallFromTables(b.db())});
  std::ostringstream out;
  run.writeMarkdown(judge(parseBudgets(budgets), run.measures()), status, "make.tarry", out);
  return out.str();
}

}  // namespace

TEST_CASE("a summary measures what time and why say") {
  DbBuilder b;
  build(b);
  const RunSummary run(b.db(), nullptr, {movedFromTables(b.db()), failedCallFromTables(b.db())});
  const Measures measures = run.measures();
  CHECK(measures.real_ns == 100 * testing::kMs);
  CHECK(measures.cpu_ns == 60 * testing::kMs);
  CHECK(measures.waits_ns[static_cast<size_t>(WaitKind::network)] == 30 * testing::kMs);
  CHECK(measures.waits_ns[static_cast<size_t>(WaitKind::disk)] == 10 * testing::kMs);
  CHECK(measures.waits_ns[static_cast<size_t>(WaitKind::child)] == 0);
  CHECK(run.exitStatus() == 2);
  std::ostringstream time;
  timeReport(b.db(), {.format = RowFormat::csv}, time);
  for (const char* line : {"real,100000000,", "CPU time,60000000,", "network,30000000,", "disk,10000000,"})
    CHECK(time.str().find(line) != std::string::npos);
  const auto commands = run.slowestCommands(10);
  REQUIRE(commands.size() == 2);
  CHECK(commands[0].part_ns == 60 * testing::kMs);  // cc
  CHECK(commands[1].part_ns == 40 * testing::kMs);
  CHECK(commands[1].facts.exit == "2");
  CHECK(run.slowestCommands(1).size() == 1);
}

TEST_CASE("the summary in Markdown says how it ended, which budgets it missed and what was slow") {
  DbBuilder b;
  build(b);
  const std::string text = markdown(b, {"real=50ms,network=1s"});
  INFO(text);
  CHECK(text.starts_with("### `make all` failed with exit status 2 after 100 ms\n\n"));
  CHECK(text.find("| real | 100 ms | 50.0 ms | missed |\n") != std::string::npos);
  CHECK(text.find("| network | 30.0 ms | 1.00 s | kept |\n") != std::string::npos);
  CHECK(text.find("| on CPU | 60.0 ms | 60% |") != std::string::npos);
  CHECK(text.find("| network | 30.0 ms | 30% | connect") != std::string::npos);
  CHECK(text.find("cc a\\|b.c") != std::string::npos);
  CHECK(text.find("Trace: `make.tarry`") != std::string::npos);
  CHECK(markdown(b, {}).find("| budget |") == std::string::npos);
  CHECK(markdown(b, {"real=1ms"}, 0)
            .starts_with("### `make all` passed, but is over its budget: it took 100 ms\n"));
  CHECK(markdown(b, {"real=1s"}, 0).starts_with("### `make all` passed after 100 ms\n"));
}

TEST_CASE("Markdown takes text as it is") {
  CHECK(markdownText("a|b_c*<d>`e`\\") == "a\\|b\\_c\\*\\<d>\\`e\\`\\\\");
  CHECK(markdownCode("ls") == "`ls`");
  CHECK(markdownCode("a `b` ``c``") == "``` a `b` ``c`` ```");
}
