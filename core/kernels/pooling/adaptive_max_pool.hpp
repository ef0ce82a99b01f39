// Max-pooling of planes [h, w] over rectangles of any size, and its gradient.
#pragma once

#include "avg_pool.hpp"

namespace plumb::kernel {

// Works plane by plane; what axes stand before the last two does not matter, nor do axes of size 1
// between. Results and gradients have the dtype of x, float32 or float64.

/// y = the largest element of each rectangle, and in `places` (int64) where it stands in its plane,
/// row-major. NaN counts as largest; of several equal ones the first. No bin is empty.
void adaptive_max_pool(Tensor& y, Tensor& places, const Tensor& x, const PlaneBins& bins);

/// dx = or += the sum of g over the rectangles whose largest element it is, in planes of `plane`
/// elements.
void adaptive_max_pool_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& places,
                            std::int64_t plane);

}  // namespace plumb::kernel
