// ScheduleFreeAdamW: AdamW at an average of its own steps, which needs no schedule that knows the
// end.
#pragma once

#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of ScheduleFreeAdamW, for each group.
struct ScheduleFreeAdamWOptions {
  double lr = 0.0025;       ///< Learning rate: [0, inf).
  double beta1 = 0.9;       ///< How near the average gradients are taken: (0, 1).
  double beta2 = 0.999;     ///< How much of the second moment stays each step: [0, 1).
  double eps = 1e-8;        ///< Added to the root: [0, inf). 0 makes NaN of gradients always 0.
  double weight_decay = 0;  ///< Decoupled, at y, times lr: [0, inf).

  static const Fields<ScheduleFreeAdamWOptions>& fields();
  static StateNames state();
};

/// Schedule-free AdamW (Defazio et al. 2024, algorithm 1). For every parameter that has a gradient,
/// t = 1, 2, ..., counted for each parameter; x = y = z before t = 1:
///
///   y = (1 - beta1) z + beta1 x                the parameter while training: g is taken here
///   v = beta2 v + (1 - beta2) g^2,             v = 0 before t = 1
///   z = z - lr (g / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay y)
///   c = lr^2 / (the sum of lr^2 so far)        1 / t for a constant lr
///   x = (1 - c) x + c z                        the weights to judge by
///
/// swap_in() and swap_out(), batch norm, beta1 and warm-up: as in ScheduleFreeSGD. A warm-up is
/// usual. The paper multiplies lr by sqrt(1 - beta2^t) for c too, and adds eps to sqrt(v); this is
/// the authors' later program. Where beta2 changes on the way, its power is the product of all.
class ScheduleFreeAdamW : public Rule<ScheduleFreeAdamWOptions> {
 public:
  using Rule::Rule;

 private:
  void update(std::vector<Update>& updates) override;
  Tensor weights_to_judge(const Group& group, std::size_t index) const override;
};

}  // namespace plumb::optim
