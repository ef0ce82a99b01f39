// RMSprop: gradients over the root of the mean of their squares.
#pragma once

#include <vector>

#include "rule.hpp"

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
  static StateNames state();
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
/// This is torch.optim.RMSprop (1.13) but for one case. Where gradients hardly change, rounding can
/// make v - m^2 negative: it counts as 0 here, and makes PyTorch's step NaN. While a group's
/// momentum is 0, its averages rest. Where centered is switched on later, m begins at 0 then and is
/// too small at first, because v did not begin with it.
class RMSprop : public Rule<RMSpropOptions> {
 public:
  using Rule::Rule;

 private:
  void update(std::vector<Update>& updates) override;
};

}  // namespace plumb::optim
