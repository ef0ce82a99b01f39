// ScheduleFreeSGD: SGD at an average of its own steps, which needs no schedule that knows the end.
#pragma once

#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of ScheduleFreeSGD, for each group.
struct ScheduleFreeSGDOptions {
  double lr = 1;            ///< Learning rate: [0, inf).
  double momentum = 0.9;    ///< How near the average gradients are taken: (0, 1).
  double weight_decay = 0;  ///< Coupled: weight_decay * y is added to the gradient: [0, inf).

  static const Fields<ScheduleFreeSGDOptions>& fields();
  static StateNames state();
};

/// Schedule-free SGD (Defazio et al. 2024, equations 6 to 8). For every parameter that has a
/// gradient, t = 1, 2, ..., counted for each parameter; x = y = z before t = 1:
///
///   y = (1 - momentum) z + momentum x          the parameter while training: g is taken here
///   z = z - lr (g + weight_decay y)
///   c = lr^2 / (the sum of lr^2 so far)        1 / t for a constant lr
///   x = (1 - c) x + c z                        the weights to judge by
///
/// swap_in() puts x in the parameters' place, swap_out() puts y back. Statistics of batch norm are
/// those of y: run some batches in training mode, without steps, after swap_in().
///
/// Kept beside y is z alone. x follows from both, so momentum must be above 0 and should stay as it
/// is. Beside a constant lr only a warm-up is meant; curve::warm_up is one. The authors' program has
/// another weight for t, which is off by default there, and takes for c the largest lr so far, which
/// is the same while lr does not fall.
class ScheduleFreeSGD : public Rule<ScheduleFreeSGDOptions> {
 public:
  using Rule::Rule;

 private:
  void update(std::vector<Update>& updates) override;
  Tensor weights_to_judge(const Group& group, std::size_t index) const override;
};

}  // namespace plumb::optim
