#include "format/block.h"

namespace tarry {

std::string_view blockKindName(BlockKind kind) {
  switch (kind) {
    case BlockKind::unknown: return "unknown";
    case BlockKind::header: return "header";
    case BlockKind::strings: return "strings";
    case BlockKind::processes: return "processes";
    case BlockKind::resources: return "resources";
    case BlockKind::stacks: return "stacks";
    case BlockKind::syscalls: return "syscalls";
    case BlockKind::payloads: return "payloads";
    case BlockKind::switches: return "switches";
    case BlockKind::wakes: return "wakes";
    case BlockKind::losses: return "losses";
    case BlockKind::clocks: return "clocks";
    case BlockKind::trailer: return "trailer";
    case BlockKind::signals: return "signals";
    case BlockKind::folds: return "folds";
    case BlockKind::sockets: return "sockets";
    case BlockKind::plaintexts: return "plaintexts";
    case BlockKind::packets: return "packets";
  }
  return "unknown";
}

bool isEventBlock(BlockKind kind) {
  switch (kind) {
    case BlockKind::processes:
    case BlockKind::syscalls:
    case BlockKind::switches:
    case BlockKind::wakes:
    case BlockKind::losses:
    case BlockKind::clocks:
    case BlockKind::signals:
    case BlockKind::folds:
    case BlockKind::sockets:
    case BlockKind::plaintexts:
    case BlockKind::packets: return true;
    case BlockKind::unknown:
    case BlockKind::header:
    case BlockKind::strings:
    case BlockKind::resources:
    case BlockKind::stacks:
    case BlockKind::payloads:
    case BlockKind::trailer: return false;
  }
  return false;
}

}  // namespace tarry
