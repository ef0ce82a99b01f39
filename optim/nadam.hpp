// NAdam: Adam whose first moment is looked at one step ahead, as Nesterov's momentum is.
#pragma once

#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of NAdam, for each group.
struct NAdamOptions {
  double lr = 0.002;        ///< Learning rate: [0, inf).
  double beta1 = 0.9;       ///< How much of the first moment stays each step: [0, 1).
  double beta2 = 0.999;     ///< How much of the second moment stays each step: [0, 1).
  double eps = 1e-8;        ///< Added to the root: [0, inf). 0: NaN of gradients always 0.
  double weight_decay = 0;  ///< Coupled: weight_decay * p is added to the gradient: [0, inf).
  double momentum_decay =
      0.004;              ///< How fast the momentum rises to beta1: [0, inf). 0: half of it.
  bool maximize = false;  ///< Go up instead of down.

  static constexpr bool decouples_decay = false;
  static const Fields<NAdamOptions>& fields();
  static StateNames state();
};

/// The steps of NAdam and of NAdamW, which differ in options only.
template <class OptionsOfRule>
class BasicNAdam : public Rule<OptionsOfRule> {
 public:
  using Rule<OptionsOfRule>::Rule;

 private:
  using Update = Optimizer::Update;
  void update(std::vector<Update>& updates) override;
};

/// NAdam (Dozat 2016). For every parameter p that has a gradient, t = 1, 2, ..., counted for each
/// parameter, once a step:
///
///   g = maximize ? -gradient : gradient
///   g = g + weight_decay p                     coupled, like L2: it is averaged and squared too
///   u(t) = beta1 (1 - 0.96^(t momentum_decay) / 2)
///   U = u(1) u(2) ... u(t)
///   m = beta1 m + (1 - beta1) g,               m = 0 before t = 1
///   v = beta2 v + (1 - beta2) g^2,             v = 0 before t = 1
///   d = u(t + 1) m / (1 - U u(t + 1)) + (1 - u(t)) g / (1 - U)
///   p = p - lr d / (sqrt(v / (1 - beta2^t)) + eps)
///
/// This is torch.optim.NAdam of PyTorch 2; that of 1.13 has u(t) twice in U u(t + 1). The paper
/// averages m with u(t) in place of beta1, so that d is a mean of gradients there; in PyTorch and
/// here it is one only where u(t) is near beta1, after some hundreds of steps. Where beta2 changes on
/// the way, its power is the product of all so far.
using NAdam = BasicNAdam<NAdamOptions>;

extern template class BasicNAdam<NAdamOptions>;

}  // namespace plumb::optim
