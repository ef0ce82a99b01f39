// Sums and other reductions over any axes, and the kernels of their gradients.
#pragma once

#include "../tensor/axes.hpp"
#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

/// to = or += from, summed over the axes along which `to` would be broadcast to from.shape().
/// Both floating and of one dtype; to.shape() must broadcast to from.shape().
void sum_to(const Tensor& from, Tensor& to, Write mode);

// Reductions over the named axes, or over all where none is named. Elements are combined in blocks
// and pairwise, in an order that the shape alone decides: 2e7 float32 ones sum to 2e7, with any
// number of threads. Throw when an axis is out of range or appears twice.

/// 0 for no elements. Integers sum to int64.
Tensor sum(const Tensor& x, const Axes& axes = {}, KeepDims keep = KeepDims::no);
/// 1 for no elements. Integers multiply to int64.
Tensor product(const Tensor& x, const Axes& axes = {}, KeepDims keep = KeepDims::no);
/// NaN for no elements. Floating.
Tensor mean(const Tensor& x, const Axes& axes = {}, KeepDims keep = KeepDims::no);
/// The sum of (x - mean)^2 over max(0, n - correction); `mean`, with x's rank, is stored too.
/// Floating.
Tensor variance(const Tensor& x, const Axes& axes, KeepDims keep, std::int64_t correction,
                Tensor& mean);
/// y = shift + log_sum, where shift is the largest element if finite, else 0. The parts are kept
/// because y alone, at +-1000, has lost the digits that its gradient needs.
struct LogSumExp {
  Tensor y, shift, log_sum;
};
/// log of the sum of exp(x), without overflow. -inf for no elements. Floating.
LogSumExp logsumexp(const Tensor& x, const Axes& axes = {}, KeepDims keep = KeepDims::no);

// Gradients; g, y, mean and the parts of a logsumexp have x's rank, with 1 for the reduced axes.
/// factor g (x - mean)
void variance_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& mean,
                   double factor);
/// g exp(x - shift - log_sum)
void logsumexp_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& shift,
                    const Tensor& log_sum);

}  // namespace plumb::kernel
