// Reductions of variables over any axes.
#pragma once

#include "../../core/tensor/axes.hpp"
#include "../variable.hpp"

namespace plumb {

// All take the axes that they reduce as one int or a braced list. Negative axes count from the
// last; without axes all are reduced:
//   sum(x)    sum(x, 0)    sum(x, {0, -1}, KeepDims::yes)
// They throw "[sum] ..." where an axis is out of range or appears twice. Results are the same, bit
// for bit, for any number of threads.

/// Sum, in blocks and pairwise: 2e7 float32 ones sum to 2e7. 0 for no elements. int64 and uint8 sum
/// to int64.
Variable sum(const Variable& x, const Axes& axes = {}, KeepDims keep = KeepDims::no);

/// Mean. NaN for no elements. Throws for integers.
Variable mean(const Variable& x, const Axes& axes = {}, KeepDims keep = KeepDims::no);

/// Variance: the sum of (x - mean)^2 over n - correction, where n elements go into one result. A
/// correction of 1 (PyTorch's unbiased=True) estimates the variance of the population, 0 gives that
/// of the sample. NaN for n = correction = 1 and for no elements.
/// Throws for a negative correction and for integers.
Variable var(const Variable& x, const Axes& axes = {}, KeepDims keep = KeepDims::no,
             std::int64_t correction = 1);

/// Euclidean norm sqrt(sum x^2), also of elements whose squares would overflow or vanish; 0 for no
/// elements. Where it is 0 its gradient is 0; that of sqrt(sum(x * x)) would be NaN. Throws for
/// integers. This is torch.linalg.vector_norm with ord = 2.
Variable norm(const Variable& x, const Axes& axes = {}, KeepDims keep = KeepDims::no);

/// The largest (smallest) element; NaN where there is one. Without axes elements that tie share the
/// gradient evenly; with axes the first of them in row-major order takes it (PyTorch's amax shares
/// it there too, its max takes any). Throws where there is no element to choose from.
Variable max(const Variable& x, const Axes& axes = {}, KeepDims keep = KeepDims::no);
Variable min(const Variable& x, const Axes& axes = {}, KeepDims keep = KeepDims::no);

/// log of the sum of exp(x), without overflow or underflow: logsumexp of [1000, 1000] is 1000.693.
/// -inf where all are -inf (the gradient there is NaN, as in PyTorch) and for no elements. Throws
/// for integers.
Variable logsumexp(const Variable& x, const Axes& axes = {}, KeepDims keep = KeepDims::no);

/// Index of the largest element in row-major order, an int64 of shape []. Of several it is the
/// first; NaN counts as largest. Throws for an empty tensor.
Tensor argmax(const Tensor& x);
/// The same along an axis.
Tensor argmax(const Tensor& x, int axis, KeepDims keep = KeepDims::no);

}  // namespace plumb
