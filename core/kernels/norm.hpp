// Norms and standard deviations over any axes, and the kernels of their gradients.
#pragma once

#include "../tensor/axes.hpp"
#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

// Over the named axes, or over all where none is named. Floating. Powers are those of x / max |x|:
// none overflows, and none vanishes that matters.

/// (sum |x|^p)^(1/p) for p > 0, max |x| for infinity. 0 for no elements.
Tensor norm(const Tensor& x, const Axes& axes = {}, KeepDims keep = KeepDims::no, double p = 2);
/// sqrt of the sum of (x - mean)^2 over max(0, n - correction); `mean`, with x's rank, is stored too.
Tensor deviation(const Tensor& x, const Axes& axes, KeepDims keep, std::int64_t correction,
                 Tensor& mean);

// Gradients; g, y and mean have x's rank, with 1 for the reduced axes. 0 where y is 0.
/// g sign(x) (|x| / y)^(p - 1), where an x of 0 has none; for infinity g sign(x) to those with |x| = y,
/// in equal shares.
void norm_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& y, double p);
/// factor g (x - mean) / y
void deviation_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& mean,
                    const Tensor& y, double factor);

}  // namespace plumb::kernel
