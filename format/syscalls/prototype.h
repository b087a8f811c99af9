// The data behind format/syscall_table.h. A prototype is written once, by name; each ABI has a list
// of numbers that refers to prototypes, mostly by the name of the call. Where the registers of one
// ABI hold something else, the prototype has a suffix ("pread64@32", "clone@tls4").
//
// Argument names are the kernel's (tracefs events/syscalls/*/format); the classes those that
// strace(1) gives a call, plus the kernel areas of `summary`. Numbers up to 450 can be checked
// against <asm/unistd_*.h>; later ones are the same on every architecture.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "format/syscall_table.h"

namespace tarry::syscalls {

inline constexpr uint32_t kFile = kClassFile, kDesc = kClassDesc, kProcess = kClassProcess,
                          kNetwork = kClassNetwork, kSignal = kClassSignal, kIpc = kClassIpc,
                          kMemory = kClassMemory, kCreds = kClassCreds, kStat = kClassStat,
                          kLstat = kClassLstat, kFstat = kClassFstat, kStatfs = kClassStatfs,
                          kFstatfs = kClassFstatfs, kPure = kClassPure, kClock = kClassClock,
                          kTime = kClassTime, kPoll = kClassPoll, kLock = kClassLock;

enum class Trait : uint8_t { plain, no_return, untyped };
inline constexpr Trait kNoReturn = Trait::no_return;
inline constexpr Trait kUntyped = Trait::untyped;  // arguments unknown: all six are shown as numbers

struct Prototype {
  std::string_view name;
  uint32_t classes = 0;
  ArgType result = ArgType::signed_long;
  std::array<ArgSpec, kMaxArgs> args{};
  Trait trait = Trait::plain;
};

struct Number {
  int32_t nr = -1;
  std::string_view name;
  std::string_view prototype{};  // "": the same as the name
};

std::span<const Prototype> filesPrototypes();
std::span<const Prototype> tasksPrototypes();
std::span<const Prototype> ioPrototypes();

std::span<const Number> x86_64Numbers();
std::span<const Number> i386Numbers();
std::span<const Number> x32Numbers();
std::span<const Number> aarch64Numbers();

}  // namespace tarry::syscalls
