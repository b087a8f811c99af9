// Real recordings, cut and flipped, through the whole way to the tables: as a recorder that was killed, a
// full disk or a bad one leaves them. Each opens or is refused in one line, what is whole loads, and the
// tables keep what they promise. TARRY_DAMAGE_TRIES: how many cuts and flips of each file (run it under asan
// and ubsan too).
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

#include "analyzer/loader.h"
#include "format/errors.h"

namespace tarry {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes contentOf(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::filesystem::path> sampleTraces() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator("sample_traces")) {
    if (entry.path().extension() == ".tarry") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

uint32_t word(const Bytes& bytes, size_t at) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

// Where its frames end, the header's first and the trailer's last, from the seek table behind them
// (zstd, contrib/seekable_format): entries of 8 bytes, then their number, a byte and a magic number.
std::vector<size_t> frameEnds(const Bytes& bytes) {
  REQUIRE(word(bytes, bytes.size() - 4) == 0x8F92EAB1);
  const size_t count = word(bytes, bytes.size() - 9);
  const size_t entries = bytes.size() - 9 - 8 * count;
  std::vector<size_t> ends;
  for (size_t i = 0, end = 0; i < count; ++i) ends.push_back(end += word(bytes, entries + 8 * i));
  REQUIRE(ends.back() == entries - 8);  // the skippable frame's own head
  return ends;
}

size_t tries() {
  const char* wanted = std::getenv("TARRY_DAMAGE_TRIES");
  return wanted == nullptr ? 20 : std::strtoul(wanted, nullptr, 10);
}

int64_t number(Database& db, std::string_view sql) {
  Statement statement = db.prepare(sql);
  return statement.step() ? statement.integer(0) : -1;
}

struct Loaded {
  bool refused = false;
  int64_t calls = 0, states = 0;
  ReadReport report;
};

// Loads what there is, and checks what holds for every database.
Loaded load(Bytes bytes) {
  Loaded got;
  try {
    TraceReader reader = TraceReader::fromMemory(std::move(bytes), "t.tarry");
    LoadOptions options;
    options.syscall_args = true;
    Database db = loadTrace(reader, options);
    got.report = reader.report();
    got.calls = number(db, "SELECT count(*) FROM syscall");
    got.states = number(db, "SELECT count(*) FROM thread_state");
    CHECK(number(db,
                 "SELECT count(*) FROM (SELECT ts, dur, lead(ts) OVER (PARTITION BY utid ORDER BY ts, id) AS "
                 "next FROM thread_state) WHERE next IS NOT NULL AND (dur IS NULL OR ts + dur <> next)") ==
          0);
    CHECK(
        number(db, "SELECT count(*) FROM syscall LEFT JOIN thread USING (utid) WHERE thread.utid IS NULL") ==
        0);
    for (const std::string& problem : got.report.problems) CHECK(problem.find('\n') == std::string::npos);
  } catch (const TraceError& error) {
    got.refused = true;
    CHECK(std::string_view(error.what()).find('\n') == std::string_view::npos);
    CHECK(std::string_view(error.what()).find("t.tarry") != std::string_view::npos);
  }
  return got;
}

}  // namespace

TEST_CASE("A real trace that is cut loads up to its last whole block and says so", "[damaged]") {
  for (const auto& path : sampleTraces()) {
    const Bytes whole = contentOf(path);
    const std::vector<size_t> ends = frameEnds(whole);
    REQUIRE(ends.size() > 4);
    std::mt19937 random(static_cast<uint32_t>(whole.size()));
    std::set<size_t> cuts;
    for (size_t i = 0; i < tries(); ++i) cuts.insert(random() % whole.size());
    // All around where blocks end, and the end of the file at every offset or at as many as are wanted.
    for (const size_t end : ends) cuts.insert({end - 1, end, end + 1});
    const size_t tail = whole.size() - ends[ends.size() - 4];
    const size_t step = std::max<size_t>(1, tail / (4 * tries() + 1));
    for (size_t i = 0; i < tail; i += step) cuts.insert(whole.size() - 1 - i);

    const Loaded all = load(whole);
    REQUIRE(all.report.clean());
    int64_t before = 0;
    for (const size_t size : cuts) {
      if (size >= whole.size()) continue;
      INFO(path << " cut at " << size << " of " << whole.size());
      const Loaded got = load({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)});
      REQUIRE(got.refused == (size < ends.front()));
      if (got.refused) continue;
      REQUIRE(got.report.clean() == (size == ends.back()));  // only the shortcut behind it is missing
      REQUIRE(got.report.damaged_frames == 0);
      REQUIRE(got.report.cut == (size < ends.back()));
      REQUIRE(got.calls >= before);
      before = got.calls;
    }
    CHECK(before == all.calls);
  }
}

TEST_CASE("A real trace with flipped bits loads without what they hit", "[damaged]") {
  for (const auto& path : sampleTraces()) {
    const Bytes whole = contentOf(path);
    const Loaded all = load(whole);
    std::mt19937 random(static_cast<uint32_t>(whole.size()) + 1);
    for (size_t i = 0; i < 2 * tries(); ++i) {
      Bytes bytes = whole;
      // One bit, or a few in one place, or a run of noise as long as a disk sector.
      const size_t at = random() % bytes.size();
      const size_t length = std::array<size_t, 4>{1, 1, 8, 512}[random() % 4];
      for (size_t j = at; j < std::min(at + length, bytes.size()); ++j) {
        bytes[j] = static_cast<uint8_t>(length == 1 ? bytes[j] ^ (1U << random() % 8) : random());
      }
      INFO(path << ": " << length << " bytes at " << at << ", try " << i);
      const Loaded got = load(std::move(bytes));
      REQUIRE_FALSE(got.refused);
      const bool same = got.calls == all.calls && got.states == all.states;
      REQUIRE((same || !got.report.clean()));
    }
  }
}

}  // namespace tarry
