// Softmax and its logarithm along one axis, and their backward kernels.
#pragma once

#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

/// exp(x) over its sum along `axis`, shifted by the largest element so that nothing overflows.
Tensor softmax(const Tensor& x, int axis);
/// x - log(sum of exp(x)) along `axis`.
Tensor log_softmax(const Tensor& x, int axis);

/// dx = or += y (g - sum of g y), for y = softmax(x).
void softmax_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y, int axis);
/// dx = or += g - exp(y) (sum of g), for y = log_softmax(x).
void log_softmax_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y, int axis);

}  // namespace plumb::kernel
