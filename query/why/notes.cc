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

// "kept within its size: payload only up to 1.2 s, 12,345 short calls from 2.3 s on as counts"
std::string foldNote(Database& db) {
  auto q = db.prepare("SELECT kind, min(ts), sum(count) FROM fold GROUP BY kind ORDER BY kind DESC");
  std::string parts;
  while (q.step()) {
    const std::string since = formatDuration(q.integer(1));
    if (!parts.empty()) parts += ", ";
    if (q.text(0) == "payload") parts += fmt::format("payload only up to {}", since);
    else
      parts += fmt::format("{} from {} on as counts alone",
                           counted(static_cast<uint64_t>(q.integer(2)), "short call"), since);
  }
  return parts.empty() ? parts : "kept within --max-size: " + parts + " (table fold)";
}

// "TLS was not decrypted in 3 sessions of java (pid 12): …"; empty: there was none of which data was
// exchanged.
std::string encryptedNote(Database& db) {
  constexpr std::string_view kBlind =
      "FROM tls JOIN process p USING (upid) WHERE plaintext IS NULL AND alert IS NULL"
      " AND (sent_bytes IS NULL OR received_bytes IS NULL OR sent_bytes > 0 AND received_bytes > 0)";
  auto q = db.prepare(fmt::format("SELECT p.comm, p.pid, count(*) {} GROUP BY upid ORDER BY 3 DESC", kBlind));
  std::string of;
  uint64_t sessions = 0, processes = 0;
  while (q.step()) {
    constexpr uint64_t kNamed = 3;
    if (++processes <= kNamed)
      of += fmt::format("{}{} (pid {})", of.empty() ? "" : ", ", printable(q.text(0)), q.integer(1));
    sessions += static_cast<uint64_t>(q.integer(2));
    if (processes == kNamed + 1) of += " …";
  }
  if (sessions == 0) return {};
  const bool by_ptrace = stat(db, "wakers_unseen") != 0;
  return fmt::format(
      "{} of {} not decrypted: {}", counted(sessions, "TLS session"), of,
      by_ptrace ? "recording by ptrace cannot" : "no OpenSSL or GnuTLS was found there to probe");
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
  if (const std::string note = foldNote(db); !note.empty()) notes.push_back(note);
  if (stat(db, "wakers_unseen") != 0)
    notes.emplace_back(
        "recorded by ptrace: interrupts, CPUs, disk requests and mostly who woke whom were not seen (table "
        "stats)");
  if (std::string note = encryptedNote(db); !note.empty()) notes.push_back(std::move(note));
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
  std::string why = "nothing of the kind happened while it was recorded";
  if (stat(db, "cut") != 0) why = "it is cut, its end is missing (tarry check says where)";
  else if (stat(db, "damaged_frames") > 0) why = "it is damaged (tarry check says where)";
  else if (std::string note = encryptedNote(db); !note.empty()) why = std::move(note);
  return fmt::format("{} holds no {}: {}", file, what, why);
}

void writeNotes(Database& db, const TextStyle& style, std::ostream& out) {
  for (const std::string& note : notesOn(db)) out << inked(style, Ink::yellow, "! " + note) << '\n';
}

}  // namespace tarry
