// Average pooling of planes [h, w]: the mean of each rectangle, and its gradient.
#pragma once

#include <vector>

#include "../../tensor/tensor.hpp"
#include "../../tensor/write.hpp"

namespace plumb::kernel {

// Works plane by plane; what axes stand before the last two does not matter, nor do axes of size 1
// between. Results and gradients have the dtype of x, float32 or float64.

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
