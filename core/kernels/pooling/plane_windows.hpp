// The windows that a pooling moves over planes, and the gradient that comes to it.
#pragma once

#include <cstdint>

#include "../../tensor/sliding_window.hpp"
#include "../../tensor/tensor.hpp"

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

/// A gradient as it comes to a max-pooling: [n, c, out_h, out_w], and the places of the largest elements.
struct PooledGradient {
  Tensor g, places;
  PlaneWindows windows;
};

}  // namespace plumb::kernel
