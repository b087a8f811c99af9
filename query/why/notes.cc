#include "query/why/notes.h"

#include <fmt/format.h>

#include "analyzer/sqlite.h"
#include "query/render/units.h"

namespace tarry {
namespace {

int64_t stat(Database& db, std::string_view name) {
  auto q = db.prepare("SELECT value FROM stats WHERE name = ?");
  q.bind(1, name);
  return q.step() ? q.integer(0) : 0;
}

}  // namespace

std::vector<std::string> notesOn(Database& db) {
  std::vector<std::string> notes;
  int64_t lost = 0;
  std::string sources;
  auto losses = db.prepare("SELECT source, sum(count) FROM loss GROUP BY source ORDER BY 2 DESC");
  while (losses.step()) {
    lost += losses.integer(1);
    sources += fmt::format("{}{} {}", sources.empty() ? "" : ", ", printable(losses.text(0)),
                           formatCount(static_cast<uint64_t>(losses.integer(1))));
  }
  const int64_t damaged = stat(db, "damaged_frames");
  if (lost > 0)
    notes.push_back(fmt::format(
        "{} lost {} ({}): times are what was seen, gaps show as unknown",
        counted(static_cast<uint64_t>(lost), "event"),
        damaged > 0 ? "while recording or with the damaged parts of the file" : "while recording", sources));
  if (stat(db, "wakers_unseen") != 0)
    notes.emplace_back(
        "recorded by ptrace: who woke whom, interrupts, CPUs and disk requests were not seen (table stats)");
  if (stat(db, "cut") != 0)
    notes.emplace_back(
        "the trace has no end: the recorder was killed or the file was cut; what is there is shown");
  if (damaged > 0)
    notes.push_back(fmt::format("{} of the trace could not be read; see: tarry check",
                                counted(static_cast<uint64_t>(damaged), "damaged part")));
  return notes;
}

std::string nothingIn(Database& db, std::string_view what) {
  auto name = db.prepare("SELECT value FROM meta WHERE key = 'file'");
  const std::string file = name.step() ? printable(name.text(0)) : "the trace";
  std::string_view why = "nothing of the kind happened while it was recorded";
  if (stat(db, "cut") != 0) why = "it is cut, its end is missing (tarry check says where)";
  else if (stat(db, "damaged_frames") > 0) why = "it is damaged (tarry check says where)";
  return fmt::format("{} holds no {}: {}", file, what, why);
}

void writeNotes(Database& db, const TextStyle& style, std::ostream& out) {
  for (const std::string& note : notesOn(db)) out << inked(style, Ink::yellow, "! " + note) << '\n';
}

}  // namespace tarry
