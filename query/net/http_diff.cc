#include "query/net/http_diff.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "analyzer/net/http_text.h"
#include "analyzer/sqlite.h"
#include "query/render/units.h"
#include "query/why/notes.h"

namespace tarry {
namespace {

using analysis::HeaderField;
using analysis::sameText;

constexpr int kNarrowest = 20;  // columns of a value
constexpr int kWidestName = 24;
constexpr size_t kLongestLine = 200;

class Comparer {
 public:
  Comparer(const HttpRecord& a, const HttpRecord& b, Database& db_a, Database& db_b)
      : a_(a), b_(b), db_a_(db_a), db_b_(db_b) {}

  HttpComparison compare() {
    const HttpPart request = HttpPart::request;
    const HttpPart response = HttpPart::response;
    plain(request, "method", known(a_.method), known(b_.method));
    plain(request, "URL", known(a_.url), known(b_.url));
    plain(request, "version", known(a_.version), known(b_.version));
    headers(request, a_.request, b_.request);
    body(request, a_.request, b_.request);
    plain(response, "status", status(a_), status(b_));
    headers(response, a_.response, b_.response);
    body(response, a_.response, b_.response);
    conclude();
    return std::move(result_);
  }

 private:
  static std::optional<std::string> known(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional<std::string>(text);
  }
  static std::optional<std::string> status(const HttpRecord& record) {
    if (!record.status) return std::nullopt;
    return record.reason.empty() ? std::to_string(*record.status)
                                 : fmt::format("{} {}", *record.status, record.reason);
  }

  void plain(HttpPart part, std::string_view name, std::optional<std::string> a,
             std::optional<std::string> b) {
    HttpDifference line{part, std::string(name), false, std::move(a), std::move(b)};
    // What is not there was not seen: every request has these.
    line.known = line.a.has_value() && line.b.has_value();
    line.differs = line.known && line.a != line.b;
    result_.lines.push_back(std::move(line));
  }

  // In the order of A; those that B alone has come last. Several of a name are compared one by one.
  void headers(HttpPart part, const HttpMessageRecord& a, const HttpMessageRecord& b) {
    const std::vector<HeaderField> fields_a = analysis::headerFields(a.headers);
    const std::vector<HeaderField> fields_b = analysis::headerFields(b.headers);
    std::vector<bool> used(fields_b.size(), false);
    for (const HeaderField& field : fields_a) {
      HttpDifference line{part, std::string(field.name), true, std::string(field.value), std::nullopt};
      for (size_t i = 0; i < fields_b.size(); i++) {
        if (used[i] || !sameText(fields_b[i].name, field.name)) continue;
        used[i] = true;
        line.b = std::string(fields_b[i].value);
        break;
      }
      add(std::move(line), a, b);
    }
    for (size_t i = 0; i < fields_b.size(); i++) {
      if (used[i]) continue;
      add({part, std::string(fields_b[i].name), true, std::nullopt, std::string(fields_b[i].value)}, a, b);
    }
  }

  void add(HttpDifference line, const HttpMessageRecord& a, const HttpMessageRecord& b) {
    // A header that is missing where the block is not whole may have been there.
    line.known = (line.a || whole(a)) && (line.b || whole(b));
    line.differs = line.known && line.a != line.b;
    result_.lines.push_back(std::move(line));
  }
  // Bytes are not known of what was cut within its header.
  static bool whole(const HttpMessageRecord& message) {
    return message.headers_known && (message.complete || message.bytes);
  }

  void body(HttpPart part, const HttpMessageRecord& a, const HttpMessageRecord& b) {
    if (part == HttpPart::request && a.bytes == 0U && b.bytes == 0U) return;
    const ReadableBody body_a = readableBody(db_a_, a_, part);
    const ReadableBody body_b = readableBody(db_b_, b_, part);
    HttpDifference line{part, "body", false, bodyText(body_a, a), bodyText(body_b, b)};
    line.known = body_a.problem().empty() && body_b.problem().empty();
    line.differs = line.known && body_a.content.bytes != body_b.content.bytes;
    if (line.differs && part == HttpPart::response) result_.body_note = firstDifference(body_a, body_b);
    result_.lines.push_back(std::move(line));
  }

  static std::string bodyText(const ReadableBody& body, const HttpMessageRecord& message) {
    if (const std::string problem = body.problem(); !problem.empty()) return problem;
    std::string text = body.content.bytes.empty() ? "none" : formatSize(body.content.bytes.size());
    if (!body.body.coding.empty() && message.bytes)
      text += fmt::format(" ({} of {})", formatSize(*message.bytes), body.body.coding);
    return text;
  }

  static std::vector<std::string_view> linesOf(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      lines.push_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
  }

  static std::string firstDifference(const ReadableBody& a, const ReadableBody& b) {
    const std::string& left = a.content.bytes;
    const std::string& right = b.content.bytes;
    if (!a.is_text || !b.is_text) {
      const auto [at, other] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
      return fmt::format("the bodies differ from byte {} on", at - left.begin());
    }
    const std::vector<std::string_view> lines_a = linesOf(left);
    const std::vector<std::string_view> lines_b = linesOf(right);
    size_t differing = 0;
    size_t first = std::max(lines_a.size(), lines_b.size());
    for (size_t i = 0; i < std::max(lines_a.size(), lines_b.size()); i++) {
      if (i < lines_a.size() && i < lines_b.size() && lines_a[i] == lines_b[i]) continue;
      first = std::min(first, i);
      differing++;
    }
    if (differing == 0) return "the bodies differ in how their last line ends";
    const auto show = [&](const std::vector<std::string_view>& lines) {
      return first < lines.size() ? printable(lines[first].substr(0, kLongestLine)) : std::string("—");
    };
    return fmt::format("the bodies differ in {}, first in line {}:\n  A  {}\n  B  {}",
                       counted(differing, "line"), first + 1, show(lines_a), show(lines_b));
  }

  // What always differs and explains nothing: the clock; the length of a body that is named itself.
  bool tells(const HttpDifference& line) const {
    if (!line.header) return true;
    if (sameText(line.name, "date")) return false;
    const bool length = sameText(line.name, "content-length");
    return !length ||
           std::none_of(result_.lines.begin(), result_.lines.end(), [&](const HttpDifference& other) {
             return other.part == line.part && !other.header && other.name == "body" && other.differs;
           });
  }

  std::string differencesOf(HttpPart part) const {
    std::vector<std::string> names;
    for (const HttpDifference& line : result_.lines) {
      if (line.part != part || !line.differs || !tells(line)) continue;
      const std::string name = printable(line.name);
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return fmt::format("{}", fmt::join(names, ", "));
  }

  void conclude() {
    const std::string requests = differencesOf(HttpPart::request);
    const std::string responses = differencesOf(HttpPart::response);
    result_.conclusion = (requests.empty() ? std::string("the requests are the same")
                                           : "the requests differ in: " + requests) +
                         "; " +
                         (responses.empty() ? std::string("the responses are the same")
                                            : "the responses differ in: " + responses);
    const bool unknown = std::any_of(result_.lines.begin(), result_.lines.end(),
                                     [](const HttpDifference& line) { return !line.known; });
    if (unknown) result_.conclusion += "; not all can be compared, the trace has not all of it";
  }

  const HttpRecord& a_;
  const HttpRecord& b_;
  Database& db_a_;
  Database& db_b_;
  HttpComparison result_;
};

// `text` in lines of at most `width` columns, broken behind blanks and commas where there are some.
std::vector<std::string> foldedTo(std::string_view text, int width) {
  std::vector<std::string> lines(1);
  int used = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" ,;"), text.size() - 1) + 1;
    std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    const int needs = displayWidth(word.ends_with(' ') ? word.substr(0, word.size() - 1) : word);
    if (used > 0 && used + needs > width) {
      lines.emplace_back();
      used = 0;
    }
    while (!word.empty()) {
      const size_t length = std::max<size_t>(utf8Length(word), 1);
      if (used == width && word != " ") {
        lines.emplace_back();
        used = 0;
      }
      lines.back() += word.substr(0, length);
      word.remove_prefix(length);
      used++;
    }
  }
  for (std::string& line : lines)
    while (line.ends_with(' ')) line.pop_back();
  return lines;
}

class Columns {
 public:
  Columns(const HttpComparison& comparison, const HttpDiffOptions& options, std::ostream& out)
      : options_(options), out_(out) {
    for (const HttpDifference& line : comparison.lines)
      name_width_ = std::max(name_width_, std::min(displayWidth(printable(line.name)), kWidestName));
    constexpr int kMarks = 6;  // mark and gaps
    value_width_ = std::max((layoutWidth(options.style) - name_width_ - kMarks) / 2, kNarrowest);
  }

  void row(std::string_view mark, std::string_view name, const std::string& a, const std::string& b,
           Ink ink) {
    const std::vector<std::string> left = foldedTo(a, value_width_);
    const std::vector<std::string> right = foldedTo(b, value_width_);
    const std::vector<std::string> names = foldedTo(name, name_width_);
    const auto part = [](const std::vector<std::string>& lines, size_t i) {
      return i < lines.size() ? lines[i] : std::string();
    };
    for (size_t i = 0; i < std::max({left.size(), right.size(), names.size()}); i++) {
      std::string line =
          fmt::format("{} {}  {}  {}", i == 0 ? mark : " ", padded(part(names, i), name_width_),
                      padded(part(left, i), value_width_), part(right, i));
      while (line.ends_with(' ')) line.pop_back();
      out_ << inked(options_.style, ink, line) << '\n';
    }
  }

 private:
  static std::string padded(const std::string& text, int width) {
    const int pad = width - displayWidth(text);
    return pad > 0 ? text + std::string(static_cast<size_t>(pad), ' ') : text;
  }

  const HttpDiffOptions& options_;
  std::ostream& out_;
  int name_width_ = 8;
  int value_width_ = kNarrowest;
};

void writeColumns(const HttpComparison& comparison, const HttpRecord& a, const HttpRecord& b,
                  const HttpDiffOptions& options, std::ostream& out) {
  Columns columns(comparison, options, out);
  columns.row(" ", "", "A  " + options.name_a, "B  " + options.name_b, Ink::bold);
  columns.row(" ", "process", a.process, b.process, Ink::plain);
  std::optional<HttpPart> part;
  for (const HttpDifference& line : comparison.lines) {
    if (part != line.part) {
      part = line.part;
      out << '\n' << inked(options.style, Ink::bold, std::string(httpPartName(line.part))) << '\n';
    }
    const auto value = [&](const std::optional<std::string>& text) {
      return text ? printable(*text) : std::string(line.known ? "—" : "? (not in the trace)");
    };
    const std::string_view mark = !line.known ? "?" : line.differs ? "≠" : " ";
    columns.row(mark, printable(line.name), value(line.a), value(line.b),
                !line.known || line.differs ? Ink::yellow : Ink::dim);
  }
  if (!comparison.body_note.empty()) out << '\n' << comparison.body_note << '\n';
  out << '\n' << inked(options.style, Ink::bold, "→ " + comparison.conclusion) << '\n';
}

}  // namespace

HttpComparison compareExchanges(const HttpRecord& a, const HttpRecord& b, Database& db_a, Database& db_b) {
  return Comparer(a, b, db_a, db_b).compare();
}

void httpDiffReport(Database& db_a, int64_t a, Database& db_b, int64_t b, const HttpDiffOptions& options,
                    std::ostream& out) {
  requireHttp(db_a);
  requireHttp(db_b);
  const HttpRecord record_a = httpRecord(db_a, a);
  const HttpRecord record_b = httpRecord(db_b, b);
  const HttpComparison comparison = compareExchanges(record_a, record_b, db_a, db_b);
  if (options.format == RowFormat::table) {
    writeNotes(db_a, options.style, out);
    if (&db_a != &db_b) writeNotes(db_b, options.style, out);
    return writeColumns(comparison, record_a, record_b, options, out);
  }
  const std::vector<RowColumn> columns = {{"part", {}, Align::left},
                                          {"name", {}, Align::left},
                                          {"a", {}, Align::left},
                                          {"b", {}, Align::left},
                                          {"differs", {}, Align::left}};
  const auto writer = makeRowWriter(options.format, options.style, out);
  writer->begin(columns);
  for (const HttpDifference& line : comparison.lines) {
    const auto value = [](const std::optional<std::string>& text) { return text ? Cell(*text) : Cell(); };
    const std::vector<Cell> cells = {Cell(httpPartName(line.part)), Cell(line.name), value(line.a),
                                     value(line.b),
                                     line.known ? Cell(int64_t{line.differs ? 1 : 0}) : Cell()};
    writer->row(cells);
  }
  writer->end();
}

}  // namespace tarry
