#include "analyzer/call_args.h"

#include "analyzer/decode/names.h"

namespace tarry {

CallArgs::CallArgs(const TraceReader& reader, FindResource find)
    : find_(std::move(find)), text_([&reader](StringId id) { return reader.text(id); }) {
  label_ = [this](ResourceId id) {
    const Resource* resource = find_(id);
    return resource != nullptr ? fdLabel(*resource, text_) : std::string();
  };
}

std::string_view argumentTypeName(ArgType type) {
  if (decode::namesOfType(type) != nullptr) return "flags";
  switch (type) {
    case ArgType::none: return "none";
    case ArgType::hex:
    case ArgType::signed_int:
    case ArgType::signed_long:
    case ArgType::unsigned_int:
    case ArgType::unsigned_long:
    case ArgType::page_offset: return "number";
    case ArgType::address: return "address";
    case ArgType::size: return "size";
    case ArgType::offset:
    case ArgType::offset_low:
    case ArgType::offset_high: return "offset";
    case ArgType::octal_mode:
    case ArgType::file_mode: return "mode";
    case ArgType::pid: return "pid";
    case ArgType::tid: return "tid";
    case ArgType::uid: return "uid";
    case ArgType::gid: return "gid";
    case ArgType::signal: return "signal";
    case ArgType::device: return "device";
    case ArgType::fd: return "fd";
    case ArgType::dirfd: return "dirfd";
    case ArgType::path: return "path";
    case ArgType::string: return "string";
    case ArgType::argv:
    case ArgType::envp: return "strings";
    case ArgType::buffer_in:
    case ArgType::buffer_out:
    case ArgType::path_out: return "buffer";
    case ArgType::open_flags:
    case ArgType::mmap_flags:
    case ArgType::clone_flags:
    case ArgType::wait_options:
    case ArgType::socket_type:
    case ArgType::futex_op:
    case ArgType::ioctl_request: return "flags";
    case ArgType::pointer: return "pointer";
    default: return "structure";
  }
}

}  // namespace tarry
