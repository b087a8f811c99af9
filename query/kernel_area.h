// Which part of the kernel a system call asked something of: by the resource it was about where it
// had one (a read of a terminal is no file access), otherwise by its classes in the call table.
#pragma once

#include <cstdint>
#include <string_view>

#include "format/events.h"

namespace tarry {

enum class KernelArea : uint8_t {
  files,
  network,
  memory,
  processes,
  signals,
  time,
  ipc,
  locks,
  polling,
  terminal,
  graphics,
  devices,
  identity,
  other,
};
inline constexpr int kKernelAreas = static_cast<int>(KernelArea::other) + 1;

std::string_view kernelAreaName(KernelArea area);
// One line for the reader: "opening, reading, writing, looking up files and directories".
std::string_view kernelAreaDoc(KernelArea area);

// `resource_kind` and `path` as in table resource, empty where the call has none.
KernelArea kernelAreaOf(Abi abi, std::string_view call, std::string_view resource_kind,
                        std::string_view path);

}  // namespace tarry
