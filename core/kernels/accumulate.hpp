// What the backward engine itself computes: sums of gradients and the search for NaN.
#pragma once

#include "../tensor/tensor.hpp"

namespace plumb::kernel {

/// to += from, for floating tensors of one shape and dtype.
void accumulate(Tensor& to, const Tensor& from);

/// Whether no element is NaN or infinite.
bool all_finite(const Tensor& x);

}  // namespace plumb::kernel
