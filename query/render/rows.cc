#include "query/render/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "format/errors.h"
#include "query/render/markdown.h"
#include "query/render/units.h"

namespace tarry {
namespace {

std::string number(double value) {
  if (!std::isfinite(value)) return "null";
  return fmt::format("{}", value);
}

// The value as machine formats write it, without quoting.
std::string rawText(const Cell& cell) {
  if (const auto* i = std::get_if<int64_t>(&cell.value)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&cell.value)) return number(*d);
  if (const auto* s = std::get_if<std::string>(&cell.value)) return *s;
  return {};
}

std::string humanText(const Cell& cell) {
  if (!cell.text.empty()) return cell.text;
  if (const auto* d = std::get_if<double>(&cell.value)) return fmt::format("{:.6g}", *d);
  return printable(rawText(cell));
}

std::string titleOf(const RowColumn& column) {
  return printable(column.title.empty() ? column.name : column.title);
}

class TableWriter : public RowWriter {
 public:
  TableWriter(const TextStyle& style, std::ostream& out) : style_(style), out_(out) {}

  void begin(std::span<const RowColumn> columns) override {
    for (const RowColumn& column : columns) {
      titles_.push_back(titleOf(column));
      align_.push_back(column.align);
      widths_.push_back(displayWidth(titles_.back()));
      numbers_.push_back(true);
      spare_.push_back(column.spare);
    }
    shown_.assign(columns.size(), true);
  }

  void row(std::span<const Cell> cells) override {
    std::vector<std::string> texts;
    texts.reserve(cells.size());
    for (const Cell& cell : cells) texts.push_back(inked(style_, cell.ink, humanText(cell)));
    for (size_t i = 0; i < cells.size() && i < numbers_.size(); ++i)
      if (std::holds_alternative<std::string>(cells[i].value)) numbers_[i] = false;
    if (flushed_) {
      print(texts);
      return;
    }
    for (size_t i = 0; i < texts.size() && i < widths_.size(); ++i)
      widths_[i] = std::max(widths_[i], displayWidth(texts[i]));
    held_.push_back(std::move(texts));
    if (held_.size() >= kHeldRows) flush();
  }

  void end() override {
    flush();
    std::string missing;
    for (size_t i = 0; i < shown_.size(); ++i)
      if (!shown_[i]) missing += (missing.empty() ? "" : ", ") + titles_[i];
    if (!missing.empty())
      out_ << cutTo(inked(style_, Ink::dim, "(a wider terminal also shows: " + missing + ")"), style_.width)
           << '\n';
  }

 private:
  static constexpr size_t kHeldRows = 10'000;
  // Columns wider than this are not padded: one long path must not push the others off the screen.
  static constexpr int kWidest = 120;
  static constexpr int kLeastOfLast = 24;

  void flush() {
    if (flushed_) return;
    flushed_ = true;
    for (size_t i = 0; i < align_.size(); ++i)
      if (align_[i] == Align::automatic) align_[i] = numbers_[i] ? Align::right : Align::left;
    fit();
    std::vector<std::string> titles;
    titles.reserve(titles_.size());
    for (const std::string& title : titles_) titles.push_back(inked(style_, Ink::bold, title));
    print(titles);
    for (const auto& texts : held_) print(texts);
    held_.clear();
  }

  // Leaves out what can be spared, so that of the last column at least its beginning is seen.
  void fit() {
    if (style_.width <= 0 || widths_.empty()) return;
    while (true) {
      int needed = std::min(widths_.back(), kLeastOfLast);
      for (size_t i = 0; i + 1 < widths_.size(); ++i)
        if (shown_[i]) needed += std::min(widths_[i], kWidest) + 2;
      if (needed <= style_.width) return;
      size_t most = 0;
      for (size_t i = 0; i < spare_.size(); ++i)
        if (shown_[i] && (!shown_[most] || spare_[i] > spare_[most])) most = i;
      if (!shown_[most] || spare_[most] == 0) return;
      shown_[most] = false;
    }
  }

  void print(const std::vector<std::string>& texts) {
    std::string line;
    bool first = true;
    for (size_t i = 0; i < texts.size(); ++i) {
      if (!shown_[i]) continue;
      const bool last = i + 1 == texts.size();
      const int pad = std::max(0, std::min(widths_[i], kWidest) - displayWidth(texts[i]));
      if (!std::exchange(first, false)) line += "  ";
      if (align_[i] == Align::right) line.append(static_cast<size_t>(pad), ' ');
      line += texts[i];
      if (align_[i] == Align::left && !last) line.append(static_cast<size_t>(pad), ' ');
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    if (style_.width > 0) line = cutTo(line, style_.width);
    out_ << line << '\n';
  }

  TextStyle style_;
  std::ostream& out_;
  std::vector<std::string> titles_;
  std::vector<Align> align_;
  std::vector<int> widths_;
  std::vector<int> spare_;
  std::vector<bool> shown_;
  std::vector<bool> numbers_;  // no text in the column so far
  std::vector<std::vector<std::string>> held_;
  bool flushed_ = false;
};

// RFC 4180, with \n as line end.
class CsvWriter : public RowWriter {
 public:
  explicit CsvWriter(std::ostream& out) : out_(out) {}

  void begin(std::span<const RowColumn> columns) override {
    for (size_t i = 0; i < columns.size(); ++i) out_ << (i > 0 ? "," : "") << quoted(columns[i].name);
    out_ << '\n';
  }
  void row(std::span<const Cell> cells) override {
    for (size_t i = 0; i < cells.size(); ++i) out_ << (i > 0 ? "," : "") << quoted(rawText(cells[i]));
    out_ << '\n';
  }
  void end() override {}

 private:
  static std::string quoted(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"') out += '"';
      out += c;
    }
    return out + "\"";
  }
  std::ostream& out_;
};

// One line a row whatever is in it: tab, newline and backslash are written \t, \n, \\.
class TsvWriter : public RowWriter {
 public:
  explicit TsvWriter(std::ostream& out) : out_(out) {}

  void begin(std::span<const RowColumn> columns) override {
    for (size_t i = 0; i < columns.size(); ++i) out_ << (i > 0 ? "\t" : "") << escaped(columns[i].name);
    out_ << '\n';
  }
  void row(std::span<const Cell> cells) override {
    for (size_t i = 0; i < cells.size(); ++i) out_ << (i > 0 ? "\t" : "") << escaped(rawText(cells[i]));
    out_ << '\n';
  }
  void end() override {}

 private:
  static std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '\t') out += "\\t";
      else if (c == '\n') out += "\\n";
      else if (c == '\r') out += "\\r";
      else if (c == '\\') out += "\\\\";
      else out += c;
    }
    return out;
  }
  std::ostream& out_;
};

// An array with an object a row.
class JsonWriter : public RowWriter {
 public:
  explicit JsonWriter(std::ostream& out) : out_(out) {}

  void begin(std::span<const RowColumn> columns) override {
    for (const RowColumn& column : columns) names_.push_back(jsonString(column.name));
    out_ << '[';
  }
  void row(std::span<const Cell> cells) override {
    out_ << (first_ ? "\n" : ",\n") << '{';
    first_ = false;
    for (size_t i = 0; i < cells.size(); ++i) {
      out_ << (i > 0 ? ", " : "") << names_[i] << ": ";
      if (std::holds_alternative<std::monostate>(cells[i].value)) out_ << "null";
      else if (cells[i].blob) out_ << "{\"hex\": \"" << hex(rawText(cells[i])) << "\"}";
      else if (std::holds_alternative<std::string>(cells[i].value)) out_ << jsonString(rawText(cells[i]));
      else out_ << rawText(cells[i]);
    }
    out_ << '}';
  }
  void end() override { out_ << (first_ ? "]\n" : "\n]\n"); }

 private:
  static std::string hex(const std::string& bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char c : bytes)
      fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(c));
    return text;
  }
  std::ostream& out_;
  std::vector<std::string> names_;
  bool first_ = true;
};

class MarkdownWriter : public RowWriter {
 public:
  explicit MarkdownWriter(std::ostream& out) : out_(out) {}

  void begin(std::span<const RowColumn> columns) override {
    out_ << '|';
    for (const RowColumn& column : columns) out_ << ' ' << markdownText(titleOf(column)) << " |";
    out_ << "\n|";
    for (const RowColumn& column : columns) out_ << (column.align == Align::right ? " ---: |" : " --- |");
    out_ << '\n';
  }
  void row(std::span<const Cell> cells) override {
    out_ << '|';
    for (const Cell& cell : cells) out_ << ' ' << markdownText(humanText(cell)) << " |";
    out_ << '\n';
  }
  void end() override {}

 private:
  std::ostream& out_;
};

}  // namespace

RowFormat parseRowFormat(std::string_view name) {
  if (name == "table") return RowFormat::table;
  if (name == "csv") return RowFormat::csv;
  if (name == "tsv") return RowFormat::tsv;
  if (name == "json") return RowFormat::json;
  if (name == "markdown") return RowFormat::markdown;
  throw UsageError(
      fmt::format("unknown format '{}': use table, csv, tsv, json or markdown", printable(name)));
}

Cell Cell::duration(int64_t ns) {
  return shown(Cell(ns), formatDuration(ns));
}
Cell Cell::size(uint64_t bytes) {
  return shown(Cell(static_cast<int64_t>(bytes)), formatSize(bytes));
}
Cell Cell::count(uint64_t n) {
  return shown(Cell(static_cast<int64_t>(n)), formatCount(n));
}

std::unique_ptr<RowWriter> makeRowWriter(RowFormat format, const TextStyle& style, std::ostream& out) {
  switch (format) {
    case RowFormat::table: return std::make_unique<TableWriter>(style, out);
    case RowFormat::csv: return std::make_unique<CsvWriter>(out);
    case RowFormat::tsv: return std::make_unique<TsvWriter>(out);
    case RowFormat::json: return std::make_unique<JsonWriter>(out);
    case RowFormat::markdown: return std::make_unique<MarkdownWriter>(out);
  }
  throw UsageError("unknown format");
}

void writeRows(RowFormat format, const TextStyle& style, std::ostream& out,
               std::span<const RowColumn> columns, std::span<const std::vector<Cell>> rows) {
  const auto writer = makeRowWriter(format, style, out);
  writer->begin(columns);
  for (const auto& cells : rows) writer->row(cells);
  writer->end();
}

}  // namespace tarry
