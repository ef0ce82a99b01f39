// Losses of elements against targets of the same shape. Shapes never broadcast.
#pragma once

#include "../variable.hpp"
#include "loss_reduction.hpp"

namespace plumb {

// All take x and a target of one shape and dtype, float32 or float64, and give a scalar, or the
// shape of x for Reduction::none. Gradients flow to the target too where it requires them. They
// throw "[mse] ..." when shapes (both are named) or dtypes differ, and for options out of range.

/// Squared error (x - target)^2.
Variable mse(const Variable& x, const Variable& target, Reduction reduction = Reduction::mean);

/// Absolute error |x - target|; the gradient where they are equal is 0.
Variable l1(const Variable& x, const Variable& target, Reduction reduction = Reduction::mean);

/// Huber's loss: z^2 / 2 for z = |x - target| up to delta, delta (z - delta / 2) beyond
/// (Huber 1964). delta must be positive.
Variable huber(const Variable& x, const Variable& target, double delta = 1,
               Reduction reduction = Reduction::mean);

struct BceOptions {
  /// Multiplies each loss; broadcasts to the shape of the logits. Undefined: 1. The mean still
  /// divides by the number of elements.
  Tensor weight = {};
  /// Multiplies the term of the positive class, to trade precision for recall; broadcasts to the
  /// shape of the logits. Undefined: 1.
  Tensor pos_weight = {};
  Reduction reduction = Reduction::mean;
};

/// Binary cross entropy of sigmoid(logits) with target probabilities t, weights w and p:
///   -w (p t log sigmoid(x) + (1 - t) log(1 - sigmoid(x)))
/// Stable for logits of any size, infinite ones too, and keeps the digits of small losses.
Variable bce_with_logits(const Variable& logits, const Variable& target,
                         const BceOptions& options = {});

struct KlDivOptions {
  /// Whether the target holds log-probabilities too.
  bool log_target = false;
  /// batchmean or sum gives the divergence of mathematics, for distributions along the last axis;
  /// mean divides by the number of elements, as in PyTorch.
  Reduction reduction = Reduction::mean;
};

/// Kullback-Leibler divergence of the target from exp(log_probabilities), elementwise
///   t (log t - x), or exp(t) (t - x) for a log_target.
/// Where the target's probability is 0 the result is 0, whatever x is, and the gradient of the
/// target is -infinity, or 0 for a log_target.
Variable kl_div(const Variable& log_probabilities, const Variable& target,
                const KlDivOptions& options = {});

}  // namespace plumb
