// What the kernels assume of a processor where the instruction set does not say it.
#pragma once

#include <cstdint>

namespace plumb::kernel {

/// Bytes of the first cache of one core, for data: 32 KiB on Haswell to Zen 4, 48 on Ice Lake, Zen 5 and
/// later. The plans take what every processor has, so that sums are cut alike on all.
inline constexpr std::int64_t first_cache_bytes = std::int64_t{32} << 10;

}  // namespace plumb::kernel
