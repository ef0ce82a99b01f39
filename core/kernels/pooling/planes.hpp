// Planes [h, w], the last two axes of a tensor, and the windows that move over them.
#pragma once

#include <cstdint>

#include "../../runtime/parallel.hpp"
#include "../../simd/loops.hpp"
#include "../../tensor/sliding_window.hpp"

namespace plumb::kernel {

/// The windows on a plane of height x width elements, which have out_height x out_width positions.
struct PlaneWindows {
  std::int64_t height, width;
  std::int64_t out_height, out_width;
  SlidingWindow rows, columns;

  /// Elements of a plane, and of what is made of it.
  std::int64_t in_size() const { return height * width; }
  std::int64_t out_size() const { return out_height * out_width; }
};

/// Calls f(begin, end) for runs of the planes of a tensor; how long they are follows from the size
/// of a plane.
template <class F>
void for_planes(std::int64_t elements, std::int64_t plane_size, F f) {
  parallel_for(elements / plane_size, plane_size < grain ? grain / plane_size : 1, f);
}

}  // namespace plumb::kernel
