#include "query/process_end.h"

#include <fmt/format.h>

#include "analyzer/decode/text.h"
#include "query/render/units.h"

namespace tarry {

std::string endingSignal(const Timeline& timeline, const ProcessInfoRow& process) {
  if (!process.exit_signal) return "";
  std::string text;
  decode::appendSignal(text, static_cast<uint32_t>(*process.exit_signal));
  if (process.killer == kNone) return text;
  const ProcessInfoRow& killer = timeline.process(process.killer);
  if (killer.upid == process.upid) return text;
  return text + fmt::format(" from {}, pid {}", printable(killer.comm), killer.pid);
}

}  // namespace tarry
