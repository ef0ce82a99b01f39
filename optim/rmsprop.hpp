// RMSprop: gradients over the root of the mean of their squares.
#pragma once

#include <vector>

#include "optimizer.hpp"

namespace plumb::optim {

/// Options of RMSprop, for each group.
struct RMSpropOptions {
  double lr = 0.01;         ///< Learning rate: [0, inf).
  double alpha = 0.99;      ///< How much of the mean of squares stays each step: [0, 1).
  double eps = 1e-8;        ///< Added to the root: [0, inf). 0 makes NaN of gradients always 0.
  double momentum = 0;      ///< How much of the average of the steps stays: [0, 1). 0: no average.
  bool centered = false;    ///< Divide by the standard deviation instead.
  double weight_decay = 0;  ///< Coupled: weight_decay * p is added to the gradient: [0, inf).
  bool maximize = false;    ///< Go up instead of down.

  static const Fields<RMSpropOptions>& fields();
};

/// RMSprop (Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013, equations 38 to 45). For
/// every parameter p that has a gradient:
///
///   g = maximize ? -gradient : gradient
///   g = g + weight_decay p                     coupled, like L2: it is squared too
///   v = alpha v + (1 - alpha) g^2,             v = 0 at the start; never corrected for that
///   m = alpha m + (1 - alpha) g,               centered only; m = 0 at the start
///   d = g / (sqrt(v - m^2) + eps),             m = 0 unless centered
///   with momentum:   a = momentum a + d,  d = a,  a = 0 at the start
///   p = p - lr d
///
/// This is torch.optim.RMSprop (1.13), but where rounding makes v - m^2 negative, of gradients that
/// hardly change: it counts as 0 here, and makes PyTorch's step NaN. While a group's momentum is 0
/// its averages rest. A mean that begins later, when centered is switched on, begins at 0 beside a
/// v that did not, so that it is too small at first.
class RMSprop : public Optimizer {
 public:
  using Options = RMSpropOptions;

  /// One group of all. Throws where the options are not valid: "[RMSprop] alpha must be in [0, 1),
  /// got 1".
  explicit RMSprop(const Parameters& parameters, const Options& options = {});
  /// Groups, each with the options in which it differs from `defaults`.
  explicit RMSprop(const std::vector<ParameterGroup>& groups, const Options& defaults = {});

  /// The options of a group.
  const Options& options(int group) const { return typed_options<Options>(group); }

 private:
  void update(std::vector<Update>& updates) override;
};

}  // namespace plumb::optim
