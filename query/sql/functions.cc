#include "query/sql/functions.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "format/syscall_table.h"
#include "query/kernel_area.h"
#include "query/net/http_body.h"
#include "query/render/units.h"
#include "query/sql/path_tables.h"

namespace tarry {
namespace {

using Arguments = sqlite3_value**;

void returnText(sqlite3_context* context, std::string_view text) {
  sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

bool isNull(sqlite3_value* value) {
  return sqlite3_value_type(value) == SQLITE_NULL;
}

std::string_view textOf(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text == nullptr ? std::string_view()
                         : std::string_view(text, static_cast<size_t>(sqlite3_value_bytes(value)));
}

void duration(sqlite3_context* context, int /*count*/, Arguments values) {
  if (!isNull(values[0])) returnText(context, formatDuration(sqlite3_value_int64(values[0])));
}

void size(sqlite3_context* context, int /*count*/, Arguments values) {
  if (isNull(values[0])) return;
  const int64_t bytes = sqlite3_value_int64(values[0]);
  returnText(context, bytes < 0 ? "-" + formatSize(0 - static_cast<uint64_t>(bytes))
                                : formatSize(static_cast<uint64_t>(bytes)));
}

void errnoName(sqlite3_context* context, int /*count*/, Arguments values) {
  if (isNull(values[0])) return;
  const int64_t number = std::abs(sqlite3_value_int64(values[0]));
  const char* name = number <= INT32_MAX ? ::strerrorname_np(static_cast<int>(number)) : nullptr;
  if (name != nullptr) returnText(context, name);
}

void signalName(sqlite3_context* context, int /*count*/, Arguments values) {
  if (isNull(values[0])) return;
  const int64_t number = sqlite3_value_int64(values[0]);
  const char* name = number > 0 && number < 65 ? ::sigabbrev_np(static_cast<int>(number)) : nullptr;
  if (name != nullptr) returnText(context, fmt::format("SIG{}", name));
}

void kernelArea(sqlite3_context* context, int /*count*/, Arguments values) {
  Abi abi = Abi::x86_64;
  for (const Abi known : {Abi::x86_64, Abi::i386, Abi::x32, Abi::aarch64})
    if (abiName(known) == textOf(values[0])) abi = known;
  returnText(context,
             kernelAreaName(kernelAreaOf(abi, textOf(values[1]), textOf(values[2]), textOf(values[3]))));
}

void httpBody(sqlite3_context* context, int /*count*/, Arguments values) {
  if (isNull(values[0]) || isNull(values[1])) return;
  const std::string_view part = textOf(values[1]);
  if (part != "request" && part != "response")
    return sqlite3_result_error(context, "http_body: the part is 'request' or 'response'", -1);
  try {
    const HttpBody body = readHttpBody(sqlite3_context_db_handle(context), sqlite3_value_int64(values[0]),
                                       part == "request" ? HttpPart::request : HttpPart::response);
    if (!body.complete) return;
    const DecodedContent content = decodeContent(body.coding, body.transferred);
    switch (content.result) {
      case DecodeResult::whole: break;
      case DecodeResult::unknown:
      case DecodeResult::damaged: return;
      case DecodeResult::too_much:
        return sqlite3_result_error(context,
                                    "http_body: a small body that becomes a huge one when it is decoded", -1);
    }
    if (isSqlText(content.bytes)) returnText(context, content.bytes);
    else sqlite3_result_blob64(context, content.bytes.data(), content.bytes.size(), SQLITE_TRANSIENT);
  } catch (const std::exception& error) {
    sqlite3_result_error(context, error.what(), -1);
  }
}

// The user data is the wall clock of ts = 0, ns since 1970.
void wallClock(sqlite3_context* context, int /*count*/, Arguments values) {
  if (isNull(values[0])) return;
  const auto* start = static_cast<const int64_t*>(sqlite3_user_data(context));
  int64_t ns = 0;
  if (start == nullptr || __builtin_add_overflow(*start, sqlite3_value_int64(values[0]), &ns)) return;
  const int64_t seconds = ns >= 0 ? ns / 1'000'000'000 : -((-ns + 999'999'999) / 1'000'000'000);
  const std::time_t time = seconds;
  std::tm local{};
  if (::localtime_r(&time, &local) == nullptr) return;
  returnText(context,
             fmt::format("{:%Y-%m-%d %H:%M:%S}.{:06}", local, (ns - seconds * 1'000'000'000) / 1000));
}

struct Percentile {
  std::vector<double> values;
  double position = 0.5;
  bool integers = true;
};

// SQLite owns zeroed memory per group: it holds our pointer.
Percentile* percentileState(sqlite3_context* context, bool create) {
  auto** slot = static_cast<Percentile**>(
      sqlite3_aggregate_context(context, create ? static_cast<int>(sizeof(void*)) : 0));
  if (slot == nullptr) return nullptr;
  if (*slot == nullptr && create) *slot = std::make_unique<Percentile>().release();
  return *slot;
}

void percentileStep(sqlite3_context* context, int /*count*/, Arguments values) {
  if (isNull(values[0])) return;
  Percentile* state = percentileState(context, true);
  if (state == nullptr) return sqlite3_result_error_nomem(context);
  state->position = sqlite3_value_double(values[1]);
  if (!(state->position >= 0 && state->position <= 1))
    return sqlite3_result_error(context, "percentile: the position must be from 0 to 1", -1);
  if (sqlite3_value_type(values[0]) != SQLITE_INTEGER) state->integers = false;
  state->values.push_back(sqlite3_value_double(values[0]));
}

void percentileFinal(sqlite3_context* context) {
  const std::unique_ptr<Percentile> state(percentileState(context, false));
  if (state == nullptr || state->values.empty()) return;
  const double rank =
      std::max(std::ceil(state->position * static_cast<double>(state->values.size())) - 1, 0.0);
  const auto nth = state->values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(state->values.begin(), nth, state->values.end());
  if (state->integers) sqlite3_result_int64(context, static_cast<int64_t>(*nth));
  else sqlite3_result_double(context, *nth);
}

void check(int code, sqlite3* db) {
  if (code != SQLITE_OK) throw TraceError(fmt::format("cannot add SQL functions: {}", sqlite3_errmsg(db)));
}

std::unique_ptr<int64_t> startOfTrace(Database& db) {
  auto q = db.prepare("SELECT realtime - ts FROM clock ORDER BY ts LIMIT 1");
  return q.step() ? std::make_unique<int64_t>(q.integer(0)) : nullptr;
}

// What documentation tells, and how SQLite is told; a table function registers itself (path_tables.h).
struct Declaration {
  SqlFunction about;
  void (*scalar)(sqlite3_context*, int, Arguments) = nullptr;
  void (*step)(sqlite3_context*, int, Arguments) = nullptr;
  void (*final)(sqlite3_context*) = nullptr;
};

constexpr std::array<Declaration, 10> kFunctions = {{
    {{"duration", "ns", SqlFunctionKind::scalar, "a time for people: `12.3 ms`"}, duration},
    {{"size", "bytes", SqlFunctionKind::scalar, "an amount for people: `1.50 KiB`"}, size},
    {{"wall_clock", "ts", SqlFunctionKind::scalar,
      "local time of a trace time: `2026-03-01 12:00:00.123456`; NULL where the trace has no clock"},
     wallClock},
    {{"errno_name", "n", SqlFunctionKind::scalar, "`ENOENT` for 2 or -2"}, errnoName},
    {{"signal_name", "n", SqlFunctionKind::scalar, "`SIGTERM` for 15"}, signalName},
    {{"kernel_area", "abi, name, resource_kind, path", SqlFunctionKind::scalar,
      "part of the kernel that a call belongs to, as in `tarry summary`: `files`, `network`, ..."},
     kernelArea},
    {{"http_body", "http_id, part", SqlFunctionKind::scalar,
      "the body of the `'request'` or `'response'`, dechunked and decoded (gzip, deflate, br, zstd); NULL "
      "where the "
      "trace does not have all of it, or it does not decode. An error where it becomes more than 64 MiB, or "
      "a "
      "thousand times as much as was transferred"},
     httpBody},
    {{"percentile", "x, p", SqlFunctionKind::aggregate,
      "the value at position p, 0 to 1, of the sorted x; NULLs are left out"},
     nullptr,
     percentileStep,
     percentileFinal},
    {{"wait_path", "upid", SqlFunctionKind::table,
      "whose time a process's real time went to, piece by piece without gap: waits for children and on pipes "
      "are replaced by what the process that ended them was doing. Columns: `ts`, `dur`, `depth` (0: its "
      "own), `upid`, `utid`, `state_id`, `state`, `wait_kind`"}},
    {{"wait_behind", "state_id", SqlFunctionKind::table,
      "the same from one wait (`thread_state.id`) on: what the process that ended it did meanwhile"}},
}};

int argumentCount(std::string_view parameters) {
  return 1 + static_cast<int>(std::count(parameters.begin(), parameters.end(), ','));
}

}  // namespace

std::span<const SqlFunction> sqlFunctions() {
  static constexpr auto kAbout = [] {
    std::array<SqlFunction, kFunctions.size()> about{};
    for (size_t i = 0; i < about.size(); ++i) about[i] = kFunctions[i].about;
    return about;
  }();
  return kAbout;
}

std::string sqlFunctionsMarkdown() {
  std::string text =
      "\n## Functions\n\n`tarry query` adds these to SQLite's own; other clients have not got them. NULL for "
      "NULL.\n"
      "The tables are used as in `SELECT * FROM wait_path(3)`.\n\n| function | kind | gives "
      "|\n|---|---|---|\n";
  for (const SqlFunction& f : sqlFunctions()) {
    std::string_view kind = "scalar";
    if (f.kind == SqlFunctionKind::aggregate) kind = "aggregate";
    else if (f.kind == SqlFunctionKind::table) kind = "table";
    text += fmt::format("| `{}({})` | {} | {} |\n", f.name, f.parameters, kind, f.doc);
  }
  return text;
}

void registerFunctions(Database& db) {
  sqlite3* handle = db.handle();
  for (const Declaration& f : kFunctions) {
    if (f.about.kind == SqlFunctionKind::table) continue;
    const std::string name(f.about.name);
    const bool needs_start = f.scalar == wallClock;
    const bool reads_tables = f.scalar == httpBody;
    // SQLite destroys the user data with the connection, and also when registration fails.
    check(sqlite3_create_function_v2(
              handle, name.c_str(), argumentCount(f.about.parameters),
              SQLITE_UTF8 | (needs_start || reads_tables ? 0 : SQLITE_DETERMINISTIC),
              needs_start ? startOfTrace(db).release() : nullptr, f.scalar, f.step, f.final,
              [](void* start) { std::default_delete<int64_t>()(static_cast<int64_t*>(start)); }),
          handle);
  }
  registerPathTables(db);
}

}  // namespace tarry
