// How much deflate, and so zip and gzip, can make of a byte.
#pragma once

#include <cstdint>

namespace plumb::detail {

// It packs at most 258 bytes into two bits. What declares more of a file is a lie, and is refused
// before anything is allocated.
inline constexpr std::uint64_t deflate_ratio = 1032;

}  // namespace plumb::detail
