// The interactive SQL shell of `tarry query FILE`: statements up to ';' over several lines, dot
// commands, history. Not from a terminal it reads SQL from its input as a script.
#pragma once

#include <istream>
#include <ostream>
#include <string>
#include <string_view>

#include "query/render/rows.h"

namespace tarry {

class Database;

class SqlShell {
 public:
  // All must outlive this. `db` must be guarded (guardForQueries).
  SqlShell(Database& db, RowFormat format, TextStyle style, std::ostream& out, std::ostream& err)
      : db_(db), format_(format), style_(style), out_(out), err_(err) {}

  // Reads lines with editing and history from the terminal until .quit or end of file.
  void runInteractive();
  // Reads lines until the end; errors go to `err` and make the result 1, but do not end it.
  int runScript(std::istream& in);

 private:
  enum class After : uint8_t { more, done };
  // One line of input; a statement is run when it is complete.
  After line(std::string_view text);
  After dotCommand(std::string_view text);
  void execute(std::string_view sql);
  void schema(std::string_view table);

  Database& db_;
  RowFormat format_;
  TextStyle style_;
  std::ostream& out_;
  std::ostream& err_;
  std::string pending_;  // a statement that is not complete yet
  int status_ = 0;
};

}  // namespace tarry
