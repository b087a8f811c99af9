#include "query/sql/reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "format/errors.h"
#include "query/render/units.h"
#include "query/sql/run_sql.h"

namespace tarry {
namespace {

namespace fs = std::filesystem;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

std::optional<ReportParameter> parameterOf(std::string_view line) {
  constexpr std::string_view kWord = "parameter ";
  if (!line.starts_with(kWord)) return std::nullopt;
  line.remove_prefix(kWord.size());
  const size_t equals = line.find('=');
  const size_t colon = line.find(':', equals == std::string_view::npos ? 0 : equals);
  if (equals == std::string_view::npos || colon == std::string_view::npos) return std::nullopt;
  return ReportParameter{std::string(trimmed(line.substr(0, equals))),
                         std::string(trimmed(line.substr(equals + 1, colon - equals - 1))),
                         std::string(trimmed(line.substr(colon + 1)))};
}

// ~/.config/tarry/reports, or below XDG_CONFIG_HOME.
fs::path userDirectory() {
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config != '\0')
    return fs::path(config) / "tarry" / "reports";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return fs::path(home) / ".config" / "tarry" / "reports";
  return {};
}

void addDirectory(const fs::path& directory, std::map<std::string, Report>& reports) {
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const fs::path& path = it->path();
    if (path.extension() != ".sql" || !it->is_regular_file(error)) continue;
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) continue;
    // emplace: what was found before wins.
    const std::string name = path.stem().string();
    reports.emplace(name, parseReport(name, path.string(), text.str()));
  }
}

size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

Report parseReport(std::string name, std::string source, std::string_view text) {
  Report report;
  report.name = std::move(name);
  report.source = std::move(source);
  report.sql = text;
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    std::string_view line = trimmed(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (!line.starts_with("--")) break;
    line = trimmed(line.substr(2));
    if (auto parameter = parameterOf(line)) report.parameters.push_back(std::move(*parameter));
    else if (report.description.empty()) report.description = line;
    else report.details += fmt::format("{}{}", report.details.empty() ? "" : "\n", line);
  }
  return report;
}

std::vector<Report> allReports() {
  std::map<std::string, Report> reports;
  if (const fs::path user = userDirectory(); !user.empty()) addDirectory(user, reports);
  for (const EmbeddedReport& embedded : embeddedReports())
    reports.emplace(std::string(embedded.name),
                    parseReport(std::string(embedded.name), "built in", embedded.text));
  addDirectory(TARRY_REPORTS_DIR, reports);
  std::vector<Report> list;
  list.reserve(reports.size());
  for (auto& [name, report] : reports) list.push_back(std::move(report));
  return list;
}

Report findReport(std::string_view name) {
  if (name.starts_with('@')) name.remove_prefix(1);
  std::string nearest;
  size_t distance = 4;
  for (Report& report : allReports()) {
    if (report.name == name) return std::move(report);
    if (const size_t d = editDistance(report.name, name); d < distance) {
      distance = d;
      nearest = report.name;
    }
  }
  throw UsageError(
      fmt::format("no report '{}' ({})", printable(name),
                  nearest.empty() ? "tarry reports lists them" : fmt::format("did you mean {}?", nearest)));
}

void listReports(RowFormat format, const TextStyle& style, std::ostream& out) {
  const std::vector<RowColumn> columns = {{"name", "report", Align::left},
                                          {"description", "", Align::left},
                                          {"parameters", "", Align::left},
                                          {"source", "", Align::left}};
  std::vector<std::vector<Cell>> rows;
  for (const Report& report : allReports()) {
    std::string parameters;
    for (const ReportParameter& p : report.parameters)
      parameters += fmt::format("{}{}={}", parameters.empty() ? "" : " ", p.name, p.value);
    rows.push_back({Cell(report.name), Cell(report.description), Cell(parameters), Cell(report.source)});
  }
  const bool people = format == RowFormat::table || format == RowFormat::markdown;
  const bool own = std::any_of(rows.begin(), rows.end(), [](const auto& row) {
    return std::get<std::string>(row[3].value) != "built in";
  });
  auto shown = columns;
  if (people && !own) {
    shown.pop_back();
    for (auto& row : rows) row.pop_back();
  }
  writeRows(format, style, out, shown, rows);
  if (format == RowFormat::table)
    out << "\nRun one with: tarry reports NAME [FILE] [PARAMETER=VALUE …]\n"
           "Your own: .sql files in ~/.config/tarry/reports/ (tarry reports NAME --sql shows one to start "
           "from)\n";
}

void describeReport(const Report& report, std::ostream& out) {
  out << report.sql;
  if (!report.sql.ends_with('\n')) out << '\n';
}

void runReport(Database& db, const Report& report, std::span<const std::string> arguments, RowFormat format,
               const TextStyle& style, std::ostream& out) {
  std::map<std::string, std::string> values;
  for (const ReportParameter& parameter : report.parameters) values[parameter.name] = parameter.value;
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    if (equals == std::string::npos)
      throw UsageError(fmt::format("'{}' is no parameter: give NAME=VALUE", printable(argument)));
    if (!values.contains(name)) {
      std::string known;
      for (const ReportParameter& p : report.parameters)
        known += fmt::format("{}{}", known.empty() ? "" : ", ", p.name);
      throw UsageError(fmt::format("report {} has no parameter '{}' ({})", report.name, printable(name),
                                   known.empty() ? "it has none" : "it has " + known));
    }
    values[name] = argument.substr(equals + 1);
  }
  runSql(db, withParameters(report.sql, values), format, style, out);
}

}  // namespace tarry
