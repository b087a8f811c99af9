// Strong types for the ids that a trace interns. An id is valid in the whole trace, 0 means "none".
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace tarry {

template <class Tag>
struct Id {
  uint32_t value = 0;

  constexpr Id() = default;
  constexpr explicit Id(uint32_t v) : value(v) {}
  constexpr explicit operator bool() const { return value != 0; }
  friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

using StringId = Id<struct StringTag>;
using ThreadId = Id<struct ThreadTag>;  // one per (tid in the initial pid namespace, start time)
using ResourceId = Id<struct ResourceTag>;
using StackId = Id<struct StackTag>;
using FrameId = Id<struct FrameTag>;

}  // namespace tarry

template <class Tag>
struct std::hash<tarry::Id<Tag>> {
  size_t operator()(tarry::Id<Tag> id) const noexcept { return std::hash<uint32_t>{}(id.value); }
};
