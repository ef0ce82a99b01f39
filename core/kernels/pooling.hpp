// Pooling of planes [h, w]: the largest element and the mean of each window, and their gradients.
#pragma once

#include <vector>

#include "../sliding_window.hpp"
#include "../tensor.hpp"
#include "../write.hpp"

namespace plumb::kernel {

// All work plane by plane; what axes stand before the last two does not matter, nor do axes of
// size 1 between. Results and gradients have the dtype of x, float32 or float64.

/// The windows on a plane of height x width elements, which have out_height x out_width positions.
struct PlaneWindows {
  std::int64_t height, width;
  std::int64_t out_height, out_width;
  SlidingWindow rows, columns;
};

/// What holds the place of the largest element within its window, in row-major order: a byte for
/// windows of up to 256 elements.
DType argmax_dtype(const PlaneWindows& windows);

/// y = the largest element of each window, and its place in `argmax`. NaN counts as largest; of
/// several equal ones the first. A window that sees padding only has -infinity.
void max_pool(Tensor& y, Tensor& argmax, const Tensor& x, const PlaneWindows& windows);

/// dx = or += g where the largest elements are.
void max_pool_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& argmax,
                   const PlaneWindows& windows);

/// The elements [begin, end) of an axis that one mean takes in, divided as if they were `count`.
struct Bin {
  std::int64_t begin, end, count;
};

/// The rectangles over which means are taken: one for every pair of row and column bins.
struct PlaneBins {
  std::int64_t height, width;
  std::vector<Bin> rows, columns;
};

/// y = the mean over each rectangle, summed in double.
void avg_pool(Tensor& y, const Tensor& x, const PlaneBins& bins);

/// dx = or += each mean's g, shared among its elements.
void avg_pool_into(Tensor& dx, Write mode, const Tensor& g, const PlaneBins& bins);

}  // namespace plumb::kernel
