// Loops over planes [h, w], the last two axes of a tensor.
#pragma once

#include <cstdint>

#include "../../runtime/parallel.hpp"
#include "../../simd/loops.hpp"
#include "plane_windows.hpp"

namespace plumb::kernel {

/// Calls f(begin, end) for runs of the planes of a tensor; how long they are follows from the size
/// of a plane.
template <class F>
void for_planes(std::int64_t elements, std::int64_t plane_size, F f) {
  parallel_for(elements / plane_size, plane_size < grain ? grain / plane_size : 1, f);
}

}  // namespace plumb::kernel
