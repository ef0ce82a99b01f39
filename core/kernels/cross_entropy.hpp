// Losses of class scores against class targets: cross entropy and negative log-likelihood.
#pragma once

#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

/// What a wrong class costs.
struct ClassCosts {
  double label_smoothing = 0;        // in [0, 1]; cross entropy only
  Tensor weight;                     // [classes], of the scores' dtype; undefined: all 1
  std::int64_t ignore_index = -100;  // a target that counts for nothing
};

/// Sums over the targets that are not ignored, in double and in an order that threads do not
/// change.
struct ClassSums {
  double loss = 0;
  double weight = 0;  // of the target classes
  ClassSums& operator+=(const ClassSums& other) {
    loss += other.loss;
    weight += other.weight;
    return *this;
  }
};

/// For scores x [n, classes, d...] and int64 targets [n, d...], each a class or ignored:
///   (1 - s) w_t (L - x_t) + s / classes * sum over c of w_c (L - x_c),  L = log(sum of exp(x))
/// with s the label smoothing. Writes each target's loss to `losses` (of the targets' shape) where
/// that is defined, and what the backward kernel reads to `state`, [2, targets].
ClassSums cross_entropy(Tensor& losses, Tensor& state, const Tensor& x, const Tensor& targets,
                        const ClassCosts& costs);

/// dx = or += g / divisor times the slope of the loss: (softmax(x) - target) where nothing is
/// smoothed or weighted. g is a scalar, or has the shape of the targets.
void cross_entropy_into(Tensor& dx, Write mode, const Tensor& g, double divisor, const Tensor& x,
                        const Tensor& targets, const Tensor& state, const ClassCosts& costs);

/// The same for log-probabilities x: -w_t x_t.
ClassSums nll(Tensor& losses, const Tensor& x, const Tensor& targets, const ClassCosts& costs);

/// dx = or += -w_t g / divisor at the targets, 0 elsewhere.
void nll_into(Tensor& dx, Write mode, const Tensor& g, double divisor, const Tensor& targets,
              const ClassCosts& costs);

}  // namespace plumb::kernel
