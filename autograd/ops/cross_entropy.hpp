// Losses of class scores against class targets: cross entropy and negative log-likelihood.
#pragma once

#include "../variable.hpp"
#include "loss_reduction.hpp"

namespace plumb {

struct CrossEntropyOptions {
  /// s in [0, 1]: the target is the class with probability 1 - s, and any class with s / classes
  /// (Szegedy et al. 2016, "Rethinking the Inception architecture", section 7).
  double label_smoothing = 0;
  /// A weight for each class, [classes], of the dtype of the logits. Undefined: all 1.
  Tensor weight = {};
  /// Targets of this value are left out: their loss and gradient are 0, the mean does not count
  /// them.
  std::int64_t ignore_index = -100;
  Reduction reduction = Reduction::mean;
};

/// Cross entropy of softmax(logits) with class targets, in one pass:
///   loss = (1 - s) w_t (L - x_t) + s / classes * sum over c of w_c (L - x_c)
/// for a row x of logits with target t, L = log(sum of exp(x)), weights w and label smoothing s.
///
/// `logits` is [n, classes] or [n, classes, d...], float32 or float64; `targets` is [n] or
/// [n, d...], int64 or uint8. The result is a scalar, or has the shape of the targets for
/// Reduction::none. The mean divides by the sum of w_t over the targets that are not ignored, as in
/// PyTorch: with all ignored it is NaN, and the gradient 0. Stable for logits of any size. Classes
/// given as probabilities are not taken: use kl_div.
///
/// Throws "[cross_entropy] ..." when the shapes do not fit, for a target that is neither a class
/// nor ignore_index (the message has its position), and for options out of range.
///
///     Variable loss = cross_entropy(model(batch.x), batch.y);
Variable cross_entropy(const Variable& logits, const Tensor& targets,
                       const CrossEntropyOptions& options = {});

/// The same loss of sequences: `logits` is [..., classes], with the classes along the last axis, and
/// `targets` is [...]. Nothing is copied. Errors are "[token_cross_entropy] ...".
///
///     Variable loss = token_cross_entropy(model(batch.x), batch.y);  // [n, steps, v], [n, steps]
Variable token_cross_entropy(const Variable& logits, const Tensor& targets,
                             const CrossEntropyOptions& options = {});

struct NllOptions {
  /// As in CrossEntropyOptions.
  Tensor weight = {};
  std::int64_t ignore_index = -100;
  Reduction reduction = Reduction::mean;
};

/// Negative log-likelihood, -w_t x_t for a row x of log-probabilities with target t. Shapes, mean
/// and errors ("[nll] ...") as in cross_entropy, which is nll of log_softmax.
Variable nll(const Variable& log_probabilities, const Tensor& targets,
             const NllOptions& options = {});

}  // namespace plumb
