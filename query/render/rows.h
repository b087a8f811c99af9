// RowWriter: rows of cells as an aligned text table, CSV, TSV, JSON or Markdown. Machine formats get
// raw values (nanoseconds, bytes) under the column's name, people get the cell's text under its title.
#pragma once

#include <cstdint>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "query/render/style.h"

namespace tarry {

enum class RowFormat : uint8_t { table, csv, tsv, json, markdown };

// Throws UsageError for a name that is none of: table, csv, tsv, json, markdown.
RowFormat parseRowFormat(std::string_view name);

// automatic: right in a table where all values are numbers.
enum class Align : uint8_t { left, right, automatic };

struct RowColumn {
  std::string name;   // in machine formats
  std::string title;  // for people; empty: the name
  Align align = Align::left;
  int spare = 0;  // where a table is wider than the terminal the highest go first, 0 never
};

struct Cell {
  std::variant<std::monostate, int64_t, double, std::string> value;
  std::string text;  // for people; empty: the value itself
  Ink ink = Ink::plain;
  bool blob = false;  // the string is bytes, in JSON {"hex": "…"}

  Cell() = default;
  Cell(int64_t v) : value(v) {}                        // NOLINT(google-explicit-constructor)
  Cell(double v) : value(v) {}                         // NOLINT(google-explicit-constructor)
  Cell(std::string v) : value(std::move(v)) {}         // NOLINT(google-explicit-constructor)
  Cell(std::string_view v) : value(std::string(v)) {}  // NOLINT(google-explicit-constructor)
  Cell(const char* v) : value(std::string(v)) {}       // NOLINT(google-explicit-constructor)

  static Cell duration(int64_t ns);
  static Cell size(uint64_t bytes);
  static Cell count(uint64_t n);
  // A value for machines, another text for people.
  static Cell shown(Cell cell, std::string text) {
    cell.text = std::move(text);
    return cell;
  }
};

class RowWriter {
 public:
  virtual ~RowWriter() = default;
  // begin once, then rows, then end. `row` takes as many cells as there are columns.
  virtual void begin(std::span<const RowColumn> columns) = 0;
  virtual void row(std::span<const Cell> cells) = 0;
  virtual void end() = 0;
};

// `out` must outlive the writer. Tables hold back up to 10,000 rows to find the widths.
std::unique_ptr<RowWriter> makeRowWriter(RowFormat format, const TextStyle& style, std::ostream& out);

// All at once.
void writeRows(RowFormat format, const TextStyle& style, std::ostream& out,
               std::span<const RowColumn> columns, std::span<const std::vector<Cell>> rows);

}  // namespace tarry
