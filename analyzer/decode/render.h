// A system call as strace prints it: renderCall() gives the text between the parentheses and the
// text behind the equals sign.
//
// What a trace does not hold is never invented. An address that was not recorded is "0x...", a
// buffer whose bytes were not is ""..., a structure {...}, an array [...]: strace's own marks for
// what it leaves out. Paths are whole, other text is cut at string_limit as by strace's -s.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "format/events.h"

namespace tarry {

// How flags and constants are shown, as strace's -X.
enum class NameStyle : uint8_t {
  names,  // O_RDONLY|O_CLOEXEC
  raw,    // 0x80000
  both,   // 0x80000 /* O_RDONLY|O_CLOEXEC */
};

struct RenderOptions {
  bool annotate_fds = true;  // 3</etc/hosts>
  size_t string_limit = 32;  // bytes of a string that is no path, elements of an array
  NameStyle names = NameStyle::names;
  bool abbreviate = true;      // structures without their duller members, as strace without -v
  bool hide_pointers = false;  // every address as 0x..., so that two runs can be compared
};

// Text of an interned string; TraceReader::text().
using TextOf = std::function<std::string_view(StringId)>;
// What stands between < and > behind an fd; "" for nothing. See fdLabel().
using ResourceLabelOf = std::function<std::string(ResourceId)>;

struct RenderedCall {
  std::string args;
  // How much of `args` strace would have printed before the call returned; what follows depends on
  // the result. args.size() when everything was known on entry.
  size_t entered = 0;
  std::string result;  // "3</etc/hosts>", "-1 ENOENT (No such file or directory)", "?"
};

RenderedCall renderCall(const SyscallEvent& event, const TextOf& text, const ResourceLabelOf& label,
                        const RenderOptions& options = {});

// The two halves on their own.
std::string renderArgs(const SyscallEvent& event, const TextOf& text, const ResourceLabelOf& label,
                       const RenderOptions& options = {});
std::string renderResult(const SyscallEvent& event, const TextOf& text, const ResourceLabelOf& label,
                         const RenderOptions& options = {});

// One argument, 0 to 5, on its own.
std::string renderArgument(const SyscallEvent& event, int arg, const TextOf& text,
                           const ResourceLabelOf& label, const RenderOptions& options = {});

// "read"; "syscall_0x1388" for a number that is in no table.
std::string callName(const SyscallEvent& event);

// The label of an fd as strace -yy has it: /etc/hosts, TCP:[127.0.0.1:40->127.0.0.1:80],
// UNIX-STREAM:[123->124], pipe:[77], anon_inode:[eventpoll].
std::string fdLabel(const Resource& resource, const TextOf& text);

}  // namespace tarry
