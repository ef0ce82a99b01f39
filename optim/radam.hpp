// RAdam: Adam that does without its second moment until that is known well enough.
#pragma once

#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of RAdam, for each group.
struct RAdamOptions {
  double lr = 0.001;        ///< Learning rate: [0, inf).
  double beta1 = 0.9;       ///< How much of the first moment stays each step: [0, 1).
  double beta2 = 0.999;     ///< How much of the second moment stays each step: [0, 1).
  double eps = 1e-8;        ///< Added to the root: [0, inf). 0: NaN of gradients always 0.
  double weight_decay = 0;  ///< Coupled: weight_decay * p is added to the gradient: [0, inf).
  bool maximize = false;    ///< Go up instead of down.

  static const Fields<RAdamOptions>& fields();
  static StateNames state();
};

/// RAdam (Liu et al. 2020, algorithm 2). For every parameter p that has a gradient, t = 1, 2, ...,
/// counted for each parameter, once a step:
///
///   g = maximize ? -gradient : gradient
///   g = g + weight_decay p                     coupled, like L2: it is averaged and squared too
///   m = beta1 m + (1 - beta1) g,               m = 0 before t = 1
///   v = beta2 v + (1 - beta2) g^2,             v = 0 before t = 1
///   n = 2 / (1 - beta2) - 1
///   r = n - 2 t beta2^t / (1 - beta2^t)        how many squares v is worth, n in the end
///   d = m / (1 - beta1^t)
///   r > 5:  d = d sqrt((r - 4) (r - 2) n / ((n - 4) (n - 2) r))
///                 sqrt(1 - beta2^t) / (sqrt(v) + eps)
///   p = p - lr d
///
/// This is torch.optim.RAdam (1.13). The paper begins to divide where r > 4, at t = 5 in place of 6
/// for beta2 = 0.999, and has no eps. With beta2 up to 2/3, n is at most 5 and v is never used: the
/// steps are those of the debiased SGD. Until v is used a step is as large as the gradient, so lr
/// means two things. Where a beta changes on the way, its power is the product of all so far.
class RAdam : public Rule<RAdamOptions> {
 public:
  using Rule::Rule;

 private:
  void update(std::vector<Update>& updates) override;
};

}  // namespace plumb::optim
