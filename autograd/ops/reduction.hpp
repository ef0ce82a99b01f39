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

/// Standard deviation: the root of the variance, and like it NaN for n = correction = 1 and for no
/// elements; but squares neither overflow nor vanish. Where it is 0 its gradient is 0, as in PyTorch;
/// that of sqrt(var(x)) would be NaN. Throws for a negative correction and for integers.
/// PyTorch's std; std(x) would not compile beside `using namespace plumb`.
Variable stddev(const Variable& x, const Axes& axes = {}, KeepDims keep = KeepDims::no,
                std::int64_t correction = 1);

/// The norm (sum |x|^p)^(1/p) for p > 0, the Euclidean one without p; the largest |x| for p =
/// infinity. Right for elements whose powers would overflow or vanish; 0 for no elements. The second
/// argument names axes: norm(x, 1) runs along axis 1, norm(x, {}, KeepDims::no, 1) sums all |x|.
///
/// Where the norm is 0 its gradient is 0; that of sqrt(sum(x * x)) would be NaN. Elements that are 0
/// have no gradient, for p < 1 either. For p = infinity the largest share it evenly.
/// Throws for p <= 0 and for integers. This is torch.linalg.vector_norm, which also takes p <= 0.
Variable norm(const Variable& x, const Axes& axes = {}, KeepDims keep = KeepDims::no, double p = 2);

/// Product; 1 for no elements. int64 and uint8 multiply to int64. The gradient of an element is the
/// product of the others, also where there are zeros among them.
Variable prod(const Variable& x, const Axes& axes = {}, KeepDims keep = KeepDims::no);

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
inline Tensor argmax(const Variable& x) { return argmax(x.value()); }
inline Tensor argmax(const Variable& x, int axis, KeepDims keep = KeepDims::no) {
  return argmax(x.value(), axis, keep);
}

}  // namespace plumb
