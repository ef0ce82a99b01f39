// Max-pooling of planes [h, w]: the largest element of each window, and its gradient.
#pragma once

#include "../../tensor/tensor.hpp"
#include "../../tensor/write.hpp"
#include "planes.hpp"

namespace plumb::kernel {

// Works plane by plane; what axes stand before the last two does not matter, nor do axes of size 1
// between. Results and gradients have the dtype of x, float32 or float64.

/// What holds the place of the largest element within its window, in row-major order: a byte for
/// windows of up to 256 elements.
DType argmax_dtype(const PlaneWindows& windows);

/// y = the largest element of each window, and its place in `argmax`. NaN counts as largest; of
/// several equal ones the first. A window that sees padding only has -infinity.
void max_pool(Tensor& y, Tensor& argmax, const Tensor& x, const PlaneWindows& windows);

/// dx = or += g where the largest elements are.
void max_pool_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& argmax,
                   const PlaneWindows& windows);

}  // namespace plumb::kernel
