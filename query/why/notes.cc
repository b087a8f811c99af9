#include "query/why/notes.h"

#include <fmt/format.h>

#include "query/render/units.h"

namespace tarry {

std::vector<std::string> notesOn(const Timeline& timeline) {
  std::vector<std::string> notes;
  int64_t lost = 0;
  std::string sources;
  for (const auto& [source, count] : timeline.losses()) {
    lost += count;
    sources += fmt::format("{}{} {}", sources.empty() ? "" : ", ", printable(source),
                           formatCount(static_cast<uint64_t>(count)));
  }
  if (lost > 0)
    notes.push_back(fmt::format("{} lost while recording ({}): times are what was seen, gaps show as unknown",
                                counted(static_cast<uint64_t>(lost), "event"), sources));
  if (timeline.meta("cut") == "1" || timeline.stat("cut") != 0)
    notes.emplace_back(
        "the trace has no end: the recorder was killed or the file was cut; what is there is shown");
  if (const int64_t damaged = timeline.stat("damaged_frames"); damaged > 0)
    notes.push_back(fmt::format("{} of the trace could not be read; see: tarry check",
                                counted(static_cast<uint64_t>(damaged), "damaged part")));
  return notes;
}

}  // namespace tarry
