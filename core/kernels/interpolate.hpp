// Linear interpolation of planes [h, w], the last two axes of a tensor, and its gradient.
#pragma once

#include <vector>

#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

// Works plane by plane; what axes stand before the last two does not matter, nor do axes of size 1
// between. Results and gradients have the dtype of x, float32 or float64.

/// A sample of an axis: (1 - share) of the element `first` and share of `second`, 0 <= share < 1.
/// Where the share is 0 the element `second` is not looked at.
struct Sample {
  std::int64_t first, second;
  double share;
};

/// The samples of a plane: one for every pair of those of its axes.
struct PlaneSamples {
  std::int64_t height, width;
  std::vector<Sample> rows, columns;
};

/// y = the samples of each plane, along the columns first and then within each row.
void interpolate(Tensor& y, const Tensor& x, const PlaneSamples& samples);

/// dx = or += each sample's g, shared among its elements.
void interpolate_into(Tensor& dx, Write mode, const Tensor& g, const PlaneSamples& samples);

}  // namespace plumb::kernel
