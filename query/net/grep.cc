#include "query/net/grep.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "query/chosen_processes.h"
#include "query/net/flow_search.h"
#include "query/net/payload_needed.h"
#include "query/net/piece_text.h"
#include "query/net/said.h"
#include "query/render/units.h"
#include "query/why/notes.h"

namespace tarry {
namespace {

struct Speaker {
  int64_t pid = 0;
  std::string name;
};

class Grep {
 public:
  Grep(Database& db, const GrepOptions& options)
      : options_(options),
        search_(options.pattern, options.ignore_case),
        processes_(db, options.process),
        said_(db, options.files) {
    auto q = db.prepare("SELECT upid, pid, comm FROM process");
    while (q.step())
      speakers_.emplace(q.integer(0),
                        Speaker{q.integer(1), q.isNull(2) ? std::string() : printable(q.text(2))});
    for (const SaidPiece& piece : said_.all()) {
      if (!processes_.contains(piece.upid)) continue;
      const uint64_t way = said_.wayOf(piece);
      if (way != 0) (piece.sent ? ways_[way].sent : ways_[way].received) += piece.kept;
    }
  }

  bool anything() const { return !said_.all().empty(); }

  // Calls take(piece, ends, text) of each piece to be shown; their number.
  template <typename Take>
  uint64_t each(const Take& take) {
    uint64_t count = 0;
    for (const SaidPiece& piece : said_.all()) {
      // Also what is not shown goes through the search, which needs flows without holes.
      const FlowText text = search_.search({piece.flow, piece.after_gap, piece.last}, said_.data(piece));
      if (text.matches.empty() != options_.invert || !wanted(piece)) continue;
      const SaidEnds ends = said_.ends(piece);
      if (!fits(ends)) continue;
      count++;
      take(piece, ends, text);
    }
    return count;
  }

  const Speaker& speaker(int64_t upid) const {
    static const Speaker nobody;
    const auto found = speakers_.find(upid);
    return found != speakers_.end() ? found->second : nobody;
  }

 private:
  struct Way {
    uint64_t sent = 0, received = 0;  // bytes in the trace
  };

  bool wanted(const SaidPiece& piece) const {
    if (!processes_.contains(piece.upid)) return false;
    if (options_.sent || options_.received) return piece.sent ? options_.sent : options_.received;
    if (options_.both_ends) return true;
    const uint64_t way = said_.wayOf(piece);
    const auto found = way != 0 ? ways_.find(way) : ways_.end();
    if (found == ways_.end() || found->second.sent == 0 || found->second.received == 0) return true;
    return piece.sent == (found->second.sent >= found->second.received);
  }

  bool fits(const SaidEnds& ends) const {
    if (options_.port != 0 && ends.local_port != options_.port && ends.remote_port != options_.port)
      return false;
    return options_.host.empty() || ends.local_addr == options_.host || ends.remote_addr == options_.host;
  }

  const GrepOptions& options_;
  FlowSearch search_;
  const ChosenProcesses processes_;
  SaidPieces said_;
  std::unordered_map<int64_t, Speaker> speakers_;
  std::unordered_map<uint64_t, Way> ways_;
};

std::string_view sourceName(SaidIn source) {
  return source == SaidIn::plaintext ? "plaintext" : "payload";
}

void writeText(Grep& grep, const GrepOptions& options, const SaidPiece& piece, const SaidEnds& ends,
               const FlowText& text, std::ostream& out) {
  const Speaker& speaker = grep.speaker(piece.upid);
  std::string head = fmt::format("{:>9}  {} ({})  {}", formatDuration(piece.ts), speaker.name, speaker.pid,
                                 printable(ends.local));
  if (!ends.remote.empty()) head += fmt::format(" {} {}", piece.sent ? "→" : "←", printable(ends.remote));
  else head += piece.sent ? " →" : " ←";
  if (piece.source == SaidIn::plaintext) head += "  TLS";
  if (options.only_match) {
    for (const FlowMatch& match : text.matches)
      out << inked(options.style, Ink::dim, head + ": ")
          << inked(options.style, Ink::red,
                   escapedLine(std::string_view(text.bytes).substr(match.begin, match.end - match.begin)))
          << '\n';
    return;
  }
  if (piece.kept < piece.moved)
    head += fmt::format("  {} of {}", formatSize(piece.kept), formatSize(piece.moved));
  out << inked(options.style, Ink::bold, head) << '\n';
  const PieceTextOptions how{options.style, options.whole};
  if (options.hex) writeHex(text, how, out);
  else writeLines(text, how, out);
}

// Bytes as text where they are text, otherwise as they are.
Cell bytesCell(std::string_view bytes) {
  Cell cell{std::string(bytes)};
  cell.blob = !isSqlText(bytes);
  return cell;
}

std::vector<Cell> rowOf(const Grep& grep, const SaidPiece& piece, const SaidEnds& ends, const FlowText& text,
                        const FlowMatch* match) {
  const Speaker& speaker = grep.speaker(piece.upid);
  const std::string_view bytes = text.bytes;
  return {Cell(piece.ts),
          Cell(speaker.pid),
          Cell(speaker.name),
          Cell(piece.utid),
          Cell(piece.sent ? "sent" : "received"),
          Cell(ends.local),
          ends.remote.empty() ? Cell() : Cell(ends.remote),
          Cell(sourceName(piece.source)),
          Cell(piece.source_id),
          piece.syscall_id != 0 ? Cell(piece.syscall_id) : Cell(),
          Cell(static_cast<int64_t>(piece.moved)),
          Cell(static_cast<int64_t>(piece.kept)),
          match != nullptr ? Cell(static_cast<int64_t>(match->begin) - static_cast<int64_t>(text.earlier))
                           : Cell(),
          match != nullptr ? bytesCell(bytes.substr(match->begin, match->end - match->begin)) : Cell(),
          bytesCell(bytes.substr(text.earlier))};
}

}  // namespace

bool grepReport(Database& db, const GrepOptions& options, std::ostream& out) {
  requirePayload(db);
  if (options.format == RowFormat::table && !options.count) writeNotes(db, options.style, out);
  Grep grep(db, options);
  if (!grep.anything())
    throw TraceError(
        options.files
            ? "this trace has payload, but none that a call read or wrote"
            : "this trace has no payload of sockets or pipes (--files looks at files and terminals too)");
  if (options.count) {
    const uint64_t count = grep.each([](const SaidPiece&, const SaidEnds&, const FlowText&) {});
    out << count << '\n';
    return count > 0;
  }
  if (options.format == RowFormat::table) {
    return grep.each([&](const SaidPiece& piece, const SaidEnds& ends, const FlowText& text) {
      writeText(grep, options, piece, ends, text, out);
    }) > 0;
  }
  static const std::vector<RowColumn> columns = {{"ts", "", Align::automatic},
                                                 {"pid", "", Align::automatic},
                                                 {"process", "", Align::left},
                                                 {"utid", "", Align::automatic},
                                                 {"direction", "", Align::left},
                                                 {"local", "", Align::left},
                                                 {"remote", "", Align::left},
                                                 {"source", "", Align::left},
                                                 {"source_id", "", Align::automatic},
                                                 {"syscall_id", "", Align::automatic},
                                                 {"length", "", Align::automatic},
                                                 {"kept", "", Align::automatic},
                                                 {"match_at", "", Align::automatic},
                                                 {"match", "", Align::left},
                                                 {"data", "", Align::left}};
  const auto writer = makeRowWriter(options.format, options.style, out);
  writer->begin(columns);
  const uint64_t count = grep.each([&](const SaidPiece& piece, const SaidEnds& ends, const FlowText& text) {
    const size_t rows = options.only_match ? text.matches.size() : 1;
    for (size_t i = 0; i < rows; i++)
      writer->row(rowOf(grep, piece, ends, text, text.matches.empty() ? nullptr : &text.matches[i]));
  });
  writer->end();
  return count > 0;
}

}  // namespace tarry
