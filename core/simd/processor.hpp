// What plans and blocks assume of a processor: registers, caches. What decides in which order a sum is
// added is a constant, or bits would differ between processors of one instruction set.
#pragma once

#include <cstdint>

namespace plumb::kernel {

/// Vector registers that a block of sums may take, with vectors of so many bytes: of 32 or 16, beside
/// those for what is multiplied.
template <int bytes>
inline constexpr int sum_registers = bytes == 64 ? 28 : 12;

/// Bytes of the first cache of one core, for data: 32 KiB on Haswell to Zen 4, 48 on Ice Lake, Zen 5
/// and later.
inline constexpr std::int64_t first_cache_bytes = std::int64_t{32} << 10;

/// Bytes of the second cache that what decides the order of a sum may count on: 1 MiB on Zen 4 and 5, 2
/// on Sapphire Rapids and later; on older processors the rest comes from the third.
inline constexpr std::int64_t usual_second_cache_bytes = std::int64_t{1} << 20;

/// Bytes of the second cache of one core as the system has it, and the number above where it does not
/// say.
std::int64_t second_cache_bytes();

}  // namespace plumb::kernel
